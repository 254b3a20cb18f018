package schema

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestATapeHoldsWhatDecodingGives(t *testing.T) {
	tp := new(tape)
	for _, body := range []string{
		`{}`, `[]`, `""`, `-1.5e3`, `null`, `{"a":[1,{"b\/\u00e9":"\n"},[[]],true],"":{"":false}}`, ` [ "x" , {"k" : null } ] `, string(benchBody(14)),
	} {
		want, values, err := decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := tp.fill([]byte(body)); err != nil || tp.values != values || !tp.equal(0, want) || int(tp.cells[0].next) != len(tp.cells) {
			t.Errorf("%s: %v; %d values, want %d", body, err, tp.values, values)
		}
		if tp.equal(0, []any{want}) || tp.equal(0, map[string]any{"x": want}) {
			t.Errorf("%s equals what it is not", body)
		}
	}
}

func TestATapeRefusesAsDecodingDoes(t *testing.T) {
	tp := new(tape)
	for _, body := range []string{``, `{`, `[1`, `{"a":1,"\u0061":2}`, `[{"a":1,"a":1}]`, `1 2`, "\"\xff\"", `{"a":1,"a":`} {
		_, _, want := decode([]byte(body))
		if err := tp.fill([]byte(body)); err == nil || !reflect.DeepEqual(err, want) {
			t.Errorf("%s: %v, want %v", body, err, want)
		}
	}
}

func TestManyObjectsTakeTheRoomOfOne(t *testing.T) {
	s, e := must(t, `{"items":{"properties":{"a":{"type":"integer"}},"required":["b"]}}`), new(evaluator)
	if err := e.fill([]byte("[" + strings.Repeat(`{"a":1,"b":2},`, 1000) + `{"b":1}]`)); err != nil {
		t.Fatal(err)
	}
	if faults := e.evaluate(s.rule, 0); faults != nil || cap(e.slots) > 16 {
		t.Errorf("%v, room for %d", faults, cap(e.slots))
	}
}

func TestFewKeysAndManyAreFoundAlike(t *testing.T) {
	for _, n := range []int{1, fewKeys, fewKeys + 1, 40} {
		var props, body []string
		for i := range n {
			props = append(props, fmt.Sprintf(`"k%d":{"const":%d}`, i, i))
			body = append(body, fmt.Sprintf(`"k%d":%d`, n-1-i, n-1-i))
		}
		s := must(t, `{"additionalProperties":false,"required":["k0"],"properties":{`+strings.Join(props, ",")+`}}`)
		good := "{" + strings.Join(body, ",") + "}"
		for text, valid := range map[string]bool{
			good: true, strings.Replace(good, `"k0":0`, `"k0":7`, 1): false, strings.Replace(good, `"k0"`, `"k00"`, 1): false, strings.Replace(good, `"k0"`, `"\u006b0"`, 1): true,
		} {
			if faults, err := s.Validate([]byte(text)); err != nil || (faults == nil) != valid {
				t.Errorf("%d keys, %s: %v, %v", n, text, faults, err)
			}
			s.id = text
			sameAsCompiler(t, s, []byte(text))
		}
	}
}
