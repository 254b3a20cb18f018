package cli

import (
	"strings"
	"testing"
)

func TestShowTellsAllOfARecord(t *testing.T) {
	w := newWorld(t)
	w.sample()
	s := newScreen()
	items, err := w.source().lookUp(recordName{seq: 2}, false)
	mustNot(t, err)
	mustNot(t, s.show(items, false))
	wantText(t, s.stdout.String(), strings.TrimPrefix(`
2  exchange  019aa7a0-0000-7000-8000-000000000102
  time       2026-11-21 18:02:00.000000 Z (58m ago)
  log        main open/000000000000.ndjson
  exchange   019aa7a0-0000-7000-8000-00000000000a
  who        ana (https://id.example)
  groups     eng, ops
  session    s_1 (by sid), issued 2026-11-21 18:00:00
  client     192.0.2.7 by way of 10.0.0.1, curl/8
  schema     request valid: orders version 3 (enforce)
  timing     upstream 1.234ms, total 5.678ms

POST https://orders.example/orders?dry=1 HTTP/2.0
  content-type: application/json
  │ {
  │   "item": "x",
  │   "card": {
  │     "number": "[masked]"  ← key:card
  │   },
  │   "note": "[masked]"
  │ }
  body       77 bytes application/json
  digest     hmac-sha256:0a0b0c0d:AAAA

201
  upstream   10.0.0.7:8080
  body       5 bytes text/plain
             not recorded: not-json

Masked
  request    /card/number  key:card
  url        token  key:token ×2
`, "\n"))
}

func TestShowFindsRecordsByEveryNameTheyHave(t *testing.T) {
	w := newWorld(t)
	w.sample()
	for _, c := range []struct {
		name     string
		exchange bool
		want     []uint64
	}{
		{"0", false, []uint64{0}},
		{"8", false, []uint64{8}},
		{"019aa7a0-0000-7000-8000-000000000104", false, []uint64{4}},
		{"019AA7A0-0000-7000-8000-000000000104", false, []uint64{4}},
		{exchangeA, false, []uint64{1, 2}},
		{"urn:uuid:" + exchangeA, false, []uint64{1, 2}},
		{approvalC, false, []uint64{7, 8}},
		{"2", true, []uint64{1, 2}},
		{"019aa7a0-0000-7000-8000-000000000108", true, []uint64{6, 7, 8}},
	} {
		name, err := parseName(c.name)
		mustNot(t, err)
		items, err := w.source().lookUp(name, c.exchange)
		mustNot(t, err)
		if len(items) != len(c.want) {
			t.Errorf("%s: %d records, want %d", c.name, len(items), c.want)
			continue
		}
		for i, it := range items {
			if it.record.Seq != c.want[i] {
				t.Errorf("%s: record %d in place of %d", c.name, it.record.Seq, c.want[i])
			}
		}
	}
}

func TestShowSaysWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.sample()
	for _, c := range []struct {
		name     recordName
		exchange bool
		want     string
	}{
		{recordName{seq: 9}, false, "has no record 9"},
		{recordName{id: "019aa7a0-0000-7000-8000-0000000fffff"}, false, "has no record 019aa7a0-"},
		{recordName{seq: 0}, true, "belongs to no exchange"},
	} {
		_, err := w.source().lookUp(c.name, c.exchange)
		if codeOf(err) != codeNo || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.name, err)
		}
	}
	for _, text := range []string{"", "-1", "x", "019aa7a0", "1.5"} {
		if _, err := parseName(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
