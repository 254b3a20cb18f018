package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/storage"
)

// List implements [storage.Store]. Files that others keep in the folder, such
// as a ledger's open segment, are listed too when their names are names.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := storage.CheckPrefix(prefix); err != nil {
			yield("", err)
			return
		}
		dir := "."
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			dir = prefix[:i]
		}
		s.list(ctx, dir, prefix, yield)
	}
}

// list yields what is under dir and says whether to go on.
func (s *Store) list(ctx context.Context, dir, prefix string, yield func(string, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield("", fmt.Errorf("listing %s: %w", prefix, err))
		return false
	}
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) || notFolder(err) {
		return true
	}
	if err != nil {
		yield("", fmt.Errorf("listing %s: %w", prefix, err))
		return false
	}
	// In the order of whole names, a folder stands where its slash puts it.
	slices.SortFunc(entries, func(a, b fs.DirEntry) int {
		return strings.Compare(sortKey(a), sortKey(b))
	})
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if storage.CheckName(name) != nil || name == marker {
			continue
		}
		if e.IsDir() {
			whole := name + "/"
			if !strings.HasPrefix(whole, prefix) && !strings.HasPrefix(prefix, whole) {
				continue
			}
			if !s.list(ctx, name, prefix, yield) {
				return false
			}
			continue
		}
		if e.Type().IsRegular() && strings.HasPrefix(name, prefix) && !yield(name, nil) {
			return false
		}
	}
	return true
}

func sortKey(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
