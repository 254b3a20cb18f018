package sessionreplay

import (
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
	if err := new(Handler).Cleanup(); err != nil {
		t.Errorf("without having been provisioned: %v", err)
	}
}
