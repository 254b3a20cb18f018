package record

import (
	"bytes"
	"encoding/json"
	"testing"
)

// byTags is what encoding/json makes of the fields' tags.
func byTags(t testing.TB, r *Record) []byte {
	t.Helper()
	type fields struct {
		*Record
		// These shadow the record's own, and stay empty.
		Seq  *uint64 `json:"seq,omitempty"`
		Prev *string `json:"prev,omitempty"`
		Log  *string `json:"log,omitempty"`
		Keys *string `json:"data_keys,omitempty"`
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields{Record: r}); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func TestARecordIsWrittenAsItsTagsSay(t *testing.T) {
	everything, second := full(), full()
	second.Masked = append(second.Masked, second.Masked...)
	second.Approval.Votes = append(second.Approval.Votes, second.Approval.Votes...)
	second.Identity.Groups = []string{"a", "b\n\x00\u2028\xff<&>é漢🎈\"\\"}
	for _, r := range []*Record{everything, second, New(Intent), {}} {
		if got, want := r.AppendFields(nil), byTags(t, r); !bytes.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func FuzzAnyTextIsWrittenAsEncodingJSONWould(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\x7f\"\\\b\f\n\r\t", "\xff\xc3\x28", "\u2028\u2029", "<&>", "é漢🎈", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := New(Intent)
		r.Request = &Request{URL: s, Headers: map[string]string{s: s, "a": "b"}}
		if got, want := r.AppendFields(nil), byTags(t, r); !bytes.Equal(got, want) {
			t.Errorf("got %s want %s", got, want)
		}
	})
}

func TestWritingARecordAllocatesNothing(t *testing.T) {
	r := full()
	buf := make([]byte, 0, 8<<10)
	if n := testing.AllocsPerRun(100, func() { r.AppendFields(buf) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendFields(b *testing.B) {
	r := full()
	buf := make([]byte, 0, 8<<10)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			r.AppendFields(buf)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			byTags(b, r)
		}
	})
}
