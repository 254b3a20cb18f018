package gcs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	gcs "cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/caddyrec/caddyrec/storage"
)

// errSlow is why an operation ended that had not come to an end in time.
var errSlow = fmt.Errorf("the bucket did not answer in time: %w", os.ErrDeadlineExceeded)

// passing says whether an operation that failed so may succeed when it is tried
// again. A deadline is the attempt's own: the whole operation's ends the loop.
func passing(err error) bool {
	return gcs.ShouldRetry(err) || errors.Is(err, errStalled)
}

// errStalled is an attempt that took too long.
var errStalled = errors.New("the connection stalled")

func status(err error) int {
	var e *googleapi.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// explain says what went wrong with an object, in the interface's terms. ctx is
// the operation's.
func (s *Store) explain(ctx context.Context, doing, name string, err error) error {
	err = brief(err)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w; the last attempt: %v", cause, err)
	}
	return fmt.Errorf("%s %s in bucket %s: %w", doing, name, s.opts.Bucket, err)
}

// brief is an error without the address of its request: that of an upload lets
// whoever knows it write to the bucket.
func brief(err error) error {
	if errors.Is(err, gcs.ErrObjectNotExist) {
		return storage.ErrNotExist
	}
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return describe(answer)
	}
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err
	}
	if strings.Contains(err.Error(), "upload_id") {
		return errors.New("an upload was begun and not finished")
	}
	return err
}

// describe is an error answer in short. What it says in full may be a page of
// HTML, or may name the address.
func describe(answer *googleapi.Error) error {
	hint := ""
	for _, e := range answer.Errors {
		if e.Reason == "retentionPolicyNotMet" {
			return fmt.Errorf("%w (%d %s)", storage.ErrRetained, answer.Code, e.Reason)
		}
		if e.Reason != "" {
			hint = " " + e.Reason
		}
	}
	switch answer.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint += ": see that the gateway's service account may create, get and list objects here"
	case http.StatusNotFound:
		hint += ": see that the bucket exists"
	case http.StatusBadRequest:
		if answer.Message != "" {
			hint += ": " + answer.Message
		}
	}
	return fmt.Errorf("the bucket answered %d%s", answer.Code, hint)
}
