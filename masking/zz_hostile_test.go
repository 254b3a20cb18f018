package masking

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestZZHostile(t *testing.T) {
	for _, unit := range []string{"eyJ", "eyJh.b.", "eyJhIjoi.eyJ.x ", "@", "a@b.", "a@b.co ", "://", "://a:b@", "=", "password=", "a=;", "{", "[", "{\"", ":", "a:", "\\\":", "' :", " :", "BEGIN PRIVATE KEY", "-----BEGIN PRIVATE KEY", "-----END PRIVATE KEY", "Bearer ", "Bearer abcdef0 ", "basic ", "basic YTpi ", "%41", "%25", "%2541 ", "4", "4 ", "4111 ", "1e1", "4.4e", "1.1.", "\"", "/", "é", "a,b=", "pin=1;", "pin=;;;", "x\\", "ſ", "１", "==", "a==b", "%7B%22", "{'pin':", "https://x/?a=%40 "} {
		for _, pre := range []string{"", "{", "[\"", " ", "%7B"} {
			var d [2]time.Duration
			for i, n := range []int{1 << 16, 1 << 19} {
				s := pre + strings.Repeat(unit, n/len(unit))
				src := []byte(quote(s))
				key := []byte(fmt.Sprintf("{%s:1,%s:[%s]}", quote(s), quote(s), quote(s)))
				t0 := time.Now()
				standard().JSON(nil, src, nil)
				standard().JSON(nil, key, nil)
				standard().Query(s)
				d[i] = time.Since(t0)
			}
			if d[1] > 24*d[0] && d[1] > 100*time.Millisecond || d[1] > 900*time.Millisecond {
				t.Errorf("%q %q: %v, %v", pre, unit, d[0], d[1])
			}
		}
	}
}
