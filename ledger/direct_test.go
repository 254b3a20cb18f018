package ledger

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestBatchesOfAnySizeStandInTheFileByteForByte(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	file, err := root.OpenFile("segment", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	d := newDiskFile(root, "segment", file)
	defer d.Close()
	const room = 16 << 20
	if err := d.extend(0, room); err != nil {
		t.Fatal(err)
	}
	t.Logf("direct: %v", d.direct != nil)
	random := rand.New(rand.NewPCG(1, 2))
	var want []byte
	for _, size := range []int{1, 4095, 1, 4096, 4097, 1 << 20, 3<<20 + 17, 100, 1, 8192, 12288 - 5} {
		for range 3 {
			batch := make([]byte, size)
			for i := range batch {
				batch[i] = byte('a' + random.IntN(26))
			}
			if n, err := d.WriteAt(batch, int64(len(want))); err != nil || n != size {
				t.Fatal(n, err)
			}
			if err := d.syncData(); err != nil {
				t.Fatal(err)
			}
			want = append(want, batch...)
		}
		if len(want) > room-4<<20 {
			break
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, "segment"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != room || !bytes.Equal(got[:len(want)], want) || len(bytes.Trim(got[len(want):], "\x00")) > 0 {
		t.Error("the file is not what was written")
	}
}
