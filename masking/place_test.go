package masking

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

func TestPlacesTellWhereAndWhyAndNeverWhat(t *testing.T) {
	p := must(New(Config{Paths: []string{"/items/*/serial", "/**/internal"}}))
	src := `{
		"password":1, "password":2, "userPassword":3, "auth.token":4,
		"items":[{"serial":"a"},{"serial":"b","x":{"internal":[1]}}],
		"note":"ann@example.org or bob@example.org, 4111111111111111",
		"by/~":{"ann@example.org":{"secret":1}},
		"raw":"{\"pin\":1}", "raw2":"{\"pin\":1", "n":4111111111111111
	}`
	_, places := masked(t, p, src, nil)
	var got []string
	for _, p := range places {
		if p.Action != "mask" {
			t.Errorf("%+v", p)
		}
		got = append(got, fmt.Sprintf("%s %s %d", p.Pointer, p.Rule, p.Count))
	}
	want := []string{
		"/password key:password 2", "/userPassword key:password 1", "/auth.token key:authtoken 1",
		"/items/0/serial path:/items/*/serial 1", "/items/1/serial path:/items/*/serial 1",
		"/items/1/x/internal path:/**/internal 1",
		"/note detect:email 2", "/note detect:card 1",
		"/by~1~0/[masked] detect:email 1", "/by~1~0/[masked]/secret key:secret 1",
		"/raw key:pin 1", "/raw2 nested 1", "/n detect:card 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheListOfPlacesIsBounded(t *testing.T) {
	long := strings.Repeat("k", 2000)
	var b strings.Builder
	b.WriteString(`{"` + long + `":{"` + strings.Repeat("é", 100) + `":[`)
	for i := range 500 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"pin":%d}`, i)
	}
	b.WriteString("]}}")
	_, places := masked(t, standard(), b.String(), nil)
	last := places[len(places)-1]
	if len(places) != maxPlaces || last != (Place{Rule: "more", Action: "mask", Count: 500 - maxPlaces + 1}) {
		t.Errorf("%d places, the last %+v", len(places), last)
	}
	for _, p := range places {
		if len(p.Pointer) > maxPointer+2*maxSegment || !strings.HasPrefix(p.Pointer, "/…/éé") && p.Rule != "more" || !json.Valid(jsonscan.AppendQuoted(nil, []byte(p.Pointer))) {
			t.Errorf("pointer of %d bytes", len(p.Pointer))
		}
	}
	// Nor is much time spent on pointers that are too long to tell.
	src := `{"` + strings.Repeat("k", maxPointing/2) + `":{` + strings.Repeat(`"pin":1,`, 1000) + `"pin":1}}`
	_, places = masked(t, standard(), src, nil)
	if want := []Place{{"/…/pin", "key:pin", "mask", 2}, {"", "more", "mask", 999}}; !slices.Equal(places, want) {
		t.Errorf("%+v", places)
	}
}
