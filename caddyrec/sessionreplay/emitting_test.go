package sessionreplay

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestCleanupWaitsForWhoListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{emitting: new(emitting)}
		heard, cleaned := make(chan struct{}), make(chan error, 1)
		h.emitting.do(func() { <-heard })
		go func() { cleaned <- h.Cleanup() }()
		synctest.Wait()
		select {
		case <-cleaned:
			t.Error("somebody is still being told")
		default:
		}
		close(heard)
		if err := <-cleaned; err != nil {
			t.Error(err)
		}
		h.emitting.do(func() { t.Error("somebody is told of what was before") })
		synctest.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{emitting: new(emitting)}
		heard := make(chan struct{})
		h.emitting.do(func() { <-heard })
		if err := h.Cleanup(); err == nil || !strings.Contains(err.Error(), "waited for no longer") {
			t.Errorf("who listens forever: %v", err)
		}
		close(heard)
	})
	if err := new(Handler).Cleanup(); err != nil {
		t.Errorf("without having been provisioned: %v", err)
	}
}
