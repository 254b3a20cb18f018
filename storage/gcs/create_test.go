package gcs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

// large takes three chunks.
var large = bytes.Repeat([]byte("0123456789abcdef"), (2*chunk+chunk/2)/16)

func TestAnObjectCarriesItsSums(t *testing.T) {
	server := gcstest.Start(t)
	s := open(t, server)
	for name, data := range map[string][]byte{"small": []byte("x"), "large": large, "empty": nil} {
		// Not to be read twice, so a copy is kept meanwhile.
		if err := s.Create(t.Context(), name, io.MultiReader(bytes.NewReader(data))); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if o, _ := server.Object(name); o.Metadata[shaKey] != hex.EncodeToString(sum[:]) || !bytes.Equal(o.Data, data) || !o.Checked {
			t.Errorf("%s has %d bytes and the SHA-256 %s; its CRC32C was sent: %t", name, len(o.Data), o.Metadata[shaKey], o.Checked)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err == nil {
		for _, e := range left {
			if strings.HasPrefix(e.Name(), "caddyrec-upload-") {
				t.Errorf("%s was left behind", e.Name())
			}
		}
	}
}

func TestACreateGoesThroughWhatPasses(t *testing.T) {
	goesThroughWhatPasses(t, "insert", []byte("small"))
	goesThroughWhatPasses(t, "begin", large)
}

// goesThroughWhatPasses creates data with each fault at one of its upload's
// calls: what passes must not show, and must leave one object with the right
// bytes.
func goesThroughWhatPasses(t *testing.T, op string, data []byte) {
	for what, fault := range map[string]gcstest.Fault{
		"429": 429, "503": 503, "a lost answer": gcstest.LostAck, "a stall": gcstest.Stall, "a broken connection": gcstest.Break,
	} {
		if op == "begin" && fault == gcstest.Stall {
			continue // it takes the whole time: see below
		}
		t.Run(fmt.Sprintf("%s at the %s", what, op), func(t *testing.T) {
			t.Parallel()
			server := gcstest.Start(t)
			s := open(t, server, func(o *Options) { o.Timeout = 4 * time.Second })
			server.Fail(gcstest.Times(2, op, fault))
			if err := s.Create(t.Context(), "a", bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			if o, _ := server.Object("a"); !bytes.Equal(o.Data, data) || o.Generation != 1 {
				t.Errorf("generation %d holds %d bytes, want the first with %d", o.Generation, len(o.Data), len(data))
			}
			if err := s.Create(t.Context(), "a", bytes.NewReader(data)); !errors.Is(err, storage.ErrExist) {
				t.Errorf("a second create of the same bytes: got %v, want ErrExist", err)
			}
		})
	}
}

// The last chunk's answer is lost, and the session with it: the whole upload is
// begun anew and meets its own object.
func TestAnUploadThatIsBegunAnewKnowsItsOwnObject(t *testing.T) {
	server := gcstest.Start(t)
	s := open(t, server)
	c, err := gather(t.Context(), bytes.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.attempt(t.Context(), "a", c, "MARK"); err != nil {
		t.Fatal(err)
	}
	if err := s.attempt(t.Context(), "a", c, "MARK"); status(err) != 412 {
		t.Fatalf("got %v, want the precondition to fail", err)
	}
	if err := s.own(t.Context(), "a", c, "MARK"); err != nil {
		t.Errorf("its own object: %v", err)
	}
	if err := s.own(t.Context(), "a", c, "ANOTHER"); !errors.Is(err, storage.ErrExist) {
		t.Errorf("the same bytes by somebody else: got %v, want ErrExist", err)
	}
}

func TestAFailedPreconditionIsNotTakenForSuccessBlindly(t *testing.T) {
	c, err := gather(t.Context(), strings.NewReader("mine"))
	if err != nil {
		t.Fatal(err)
	}
	for name, there := range map[string]struct {
		data     string
		metadata map[string]string
		exist    bool
	}{
		"somebody else's":              {"theirs", nil, true},
		"the same bytes without marks": {"mine", nil, true},
		"somebody else's same bytes":   {"mine", map[string]string{shaKey: c.sha, markKey: "THEIRS"}, true},
		"other bytes under our mark":   {"evil", map[string]string{shaKey: c.sha, markKey: "MINE"}, false},
		"another size under our mark":  {"mine and more", map[string]string{shaKey: c.sha, markKey: "MINE"}, false},
		"another SHA-256, our mark":    {"mine", map[string]string{shaKey: "00", markKey: "MINE"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := gcstest.Start(t)
			s := open(t, server)
			server.Put("a", []byte(there.data), there.metadata)
			if err := s.own(t.Context(), "a", c, "MINE"); err == nil || errors.Is(err, storage.ErrExist) != there.exist {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The answer to our create is lost, and before we try again somebody deletes
// our object and puts theirs there.
func TestALostAnswerDoesNotMakeSomebodyElsesObjectOurs(t *testing.T) {
	server := gcstest.Start(t)
	s := open(t, server)
	lose := gcstest.Once("insert", gcstest.LostAck)
	n := 0
	server.Fail(func(c gcstest.Call) gcstest.Fault {
		if n++; n == 2 {
			server.Put("a", []byte("theirs"), map[string]string{shaKey: "x"})
		}
		return lose(c)
	})
	if err := s.Create(t.Context(), "a", strings.NewReader("mine")); !errors.Is(err, storage.ErrExist) {
		t.Errorf("got %v, want ErrExist", err)
	}
}

func TestACreateIsBounded(t *testing.T) {
	for what, fault := range map[string]gcstest.Fault{"stalls": gcstest.Stall, "503s": 503, "429s": 429, "broken connections": gcstest.Break} {
		for which, data := range map[string][]byte{"small": []byte("x"), "large": large[:chunk+1]} {
			t.Run(what+" at a "+which+" object", func(t *testing.T) {
				t.Parallel()
				server := gcstest.Start(t)
				s := open(t, server, soon)
				server.Fail(func(gcstest.Call) gcstest.Fault { return fault })
				began := time.Now()
				err := s.Create(t.Context(), "a", bytes.NewReader(data))
				if err == nil || errors.Is(err, storage.ErrExist) {
					t.Fatalf("got %v", err)
				}
				if took := time.Since(began); took > 20*impatient {
					t.Errorf("it took %v", took)
				}
				if strings.Contains(err.Error(), "upload_id") || strings.Contains(err.Error(), "http://") {
					t.Errorf("the error tells where to write: %v", err)
				}
				server.Fail(nil)
				if err := s.Create(t.Context(), "b", bytes.NewReader(data)); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

func TestACallersEndIsTheCreates(t *testing.T) {
	server := gcstest.Start(t)
	s := open(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	server.Fail(func(gcstest.Call) gcstest.Fault { cancel(); return gcstest.Stall })
	if err := s.Create(ctx, "a", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestWhatWillNotPassIsToldAtOnce(t *testing.T) {
	for status, says := range map[int]string{403: "service account", 401: "service account", 404: "bucket exists", 400: "400"} {
		server := gcstest.Start(t)
		s := open(t, server)
		server.Fail(func(gcstest.Call) gcstest.Fault { return gcstest.Fault(status) })
		err := s.Create(t.Context(), "a", strings.NewReader("x"))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), gcstest.Bucket) {
			t.Errorf("%d: got %v, want an error that names the bucket and says %q", status, err, says)
		}
		if n := len(server.Calls()); n != 1 {
			t.Errorf("%d was tried %d times", status, n)
		}
	}
}
