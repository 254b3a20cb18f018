// Under the race detector a sync.Pool forgets at random: make unit runs this
// without it.

//go:build !race

package encryption

import (
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestEncryptingAllocatesNothing(t *testing.T) {
	k := sealer(t, Contents, identity(t).Recipient().String()).Key()
	r := exchange()
	buf := make([]byte, 0, 8<<10)
	c := record.Ciphers{Contents: k}
	if n := testing.AllocsPerRun(100, func() { r.AppendEncrypted(buf, c) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
