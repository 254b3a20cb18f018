// The client library fills a chunk's buffer anew while the connection that it
// gave up may still read it: make unit runs this without the race detector.

//go:build !race

package gcs

import "testing"

func TestAChunkGoesThroughWhatPasses(t *testing.T) { goesThroughWhatPasses(t, "chunk", large) }
