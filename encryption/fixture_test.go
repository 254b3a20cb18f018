package encryption

import (
	"encoding/json"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/record"
)

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func sealer(t testing.TB, p Purpose, to ...string) *Sealer {
	t.Helper()
	s, err := NewSealer(p, "main", to)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// line is r as the ledger writes it, with the keys that it needs.
func line(t testing.TB, r *record.Record, keys ...*Key) []byte {
	t.Helper()
	c := record.Ciphers{}
	var needs []string
	for _, k := range keys {
		if k.purpose == Contents {
			c.Contents = k
		} else {
			c.Originals = k
		}
		needs = append(needs, k.JSON())
	}
	fields := r.AppendEncrypted(nil, c)
	text := `{"seq":7,"prev":"","log":"main",` + string(fields[1:len(fields)-1]) + `,"data_keys":[` + strings.Join(needs, ",") + `]}`
	if !json.Valid([]byte(text)) {
		t.Fatalf("no JSON: %s", text)
	}
	return []byte(text)
}

func exchange() *record.Record {
	r := record.New(record.ExchangeType)
	asked, answered := secret+"asked", ""
	r.Request = &record.Request{Method: "POST", URL: "https://x/", Body: &record.Body{Content: &asked, Size: 3, Type: "application/json"}}
	r.Response = &record.Response{Status: 200, Body: &record.Body{Content: &answered, Size: 0}}
	r.Chunk = &record.Part{Index: 1, Body: record.Body{Content: &asked, Size: 3}}
	return r
}
