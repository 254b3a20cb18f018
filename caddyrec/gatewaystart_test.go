package caddyrec

import (
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/storage"
)

// sickStore is a store on a disk that cannot be used.
type sickStore struct{ fault error }

func (sickStore) Key() string { return "sick" }

func (s sickStore) Open(*slog.Logger) (storage.Store, string, error) {
	return nil, "", &fs.PathError{Op: "open", Path: "/srv/records/lock", Err: s.fault}
}

func TestAStartOnADiskThatCannotBeUsedSaysWhatToDo(t *testing.T) {
	for fault, want := range map[error]string{syscall.EROFS: "mount it for writing", syscall.EACCES: "let the user that Caddy runs as"} {
		_, err := openGateway("sick", &App{store: sickStore{fault}, Log: "sick", logger: zap.NewNop()}, terms{patience: time.Second})
		if text := fmt.Sprint(err); err == nil || !strings.Contains(text, want) || !strings.Contains(text, "/srv/records/lock") {
			t.Errorf("%v: %v", fault, err)
		}
	}
}
