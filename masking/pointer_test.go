package masking

import "testing"

func TestAPointerIsMaskedSegmentBySegment(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"":                         "",
		"/items/0/a~1b~0c":         "/items/0/a~1b~0c",
		"/4111111111111111/x":      "/[masked]/x",
		"/a/ana@example.com":       "/a/[masked]",
		`/{"password":"hunter22"}`: `/{"password":"[masked]"}`,
		"/https:~1~1x~1?token=abc": "/https:~1~1x~1?token=[masked]",
	} {
		if got := p.Pointer(in); got != want {
			t.Errorf("%s became %s, not %s", in, got, want)
		}
	}
}
