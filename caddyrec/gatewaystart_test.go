package caddyrec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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

func TestAStoreThatIsAFileIsToldToBeAFolder(t *testing.T) {
	file := folderStore(filepath.Join(t.TempDir(), "records"))
	if err := os.WriteFile(string(file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openGateway("file", &App{store: file, Log: "file", logger: zap.NewNop()}, terms{patience: time.Second})
	if text := fmt.Sprint(err); err == nil || !strings.Contains(text, "name a folder") || !strings.Contains(text, string(file)) {
		t.Error(err)
	}
}

// slowStore is a bucket that does not answer for half a minute.
type slowStore struct{}

func (slowStore) Key() string { return "gcs\x00\x00records" }

func (slowStore) Open(*slog.Logger) (storage.Store, string, error) {
	time.Sleep(30 * time.Second) // of the bubble's clock
	return nil, "", errors.New("no answer")
}

// named is a store of which only names are looked at.
type named struct {
	storage.Store
	names []string
}

func (n named) List(context.Context, string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range n.names {
			if !yield(name, nil) {
				return
			}
		}
	}
}

func TestOnlyABatchSaysThatALogWasWrittenWithAckRemote(t *testing.T) {
	stray := named{names: []string{"ledger/main/open/0.ndjson", "ledger/main/open/notes.txt"}}
	if err := noBatches(t.Context(), stray, "main"); err != nil {
		t.Error(err)
	}
	stray.names = append(stray.names, "ledger/main/open/000000000007.ndjson")
	if err := noBatches(t.Context(), stray, "main"); err == nil || !strings.Contains(err.Error(), "000000000007") {
		t.Error(err)
	}
}

func TestAStartThatWaitsForItsStoreSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, told := observer.New(zap.InfoLevel)
		if _, err := openGateway("slow", &App{store: slowStore{}, Log: "slow", logger: zap.New(core)}, terms{patience: time.Second}); err == nil {
			t.Fatal("it was opened")
		}
		if all := told.FilterField(zap.String("store", "gcs records")).All(); len(all) != 1 || !strings.Contains(all[0].Message, "waits for the store") {
			t.Errorf("told %+v", told.All())
		}
	})
}
