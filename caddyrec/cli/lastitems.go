package cli

import "bytes"

// lastItems keeps the last n of the items it is given, with their lines.
type lastItems struct {
	n    int
	kept []item
	next int // where the oldest is, once n are kept
}

func newLastItems(n int) *lastItems { return &lastItems{n: n} }

func (k *lastItems) add(it item) error {
	it.line = bytes.Clone(it.line)
	if len(k.kept) < k.n {
		k.kept = append(k.kept, it)
		return nil
	}
	if k.n > 0 {
		k.kept[k.next] = it
		k.next = (k.next + 1) % k.n
	}
	return nil
}

func (k *lastItems) len() int { return len(k.kept) }

// each gives fn what is kept, the oldest first.
func (k *lastItems) each(fn func(item) error) error {
	for i := range k.kept {
		if err := fn(k.kept[(k.next+i)%len(k.kept)]); err != nil {
			return err
		}
	}
	return nil
}
