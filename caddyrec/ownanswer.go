package caddyrec

import (
	"encoding/json"
	"net/http"
)

// Answer answers with JSON of the gateway's own, which nobody may keep. The error
// is that the body cannot be JSON, or cannot be sent.
func (v *Visit) Answer(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	v.Local = true
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}
