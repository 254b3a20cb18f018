package gcstest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// find is the object of a name, as a request's generation and preconditions
// have it. The caller holds the lock.
func (s *Server) find(r *http.Request, name string) *Object {
	o := s.objects[name]
	if o == nil || r.URL.Query().Has("generation") && r.URL.Query().Get("generation") != strconv.FormatInt(o.Generation, 10) {
		panic(problem{http.StatusNotFound, "notFound", "No such object: " + Bucket + "/" + name})
	}
	matches(r.URL.Query(), o)
	return o
}

func (s *Server) copyOf(r *http.Request, name string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.find(r, name)
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, name string) {
	fault := s.note(Call{"get", name})
	s.fail(r, fault)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(r, name)
	if fault == LostAck || fault == Break {
		hangUp()
	}
	answer(w, o.resource(name))
}

// media gives an object's bytes, from the beginning that is asked for.
func (s *Server) media(w http.ResponseWriter, r *http.Request, name string) {
	fault := s.note(Call{"media", name})
	s.fail(r, fault)
	o := s.copyOf(r, name)
	data := o.Data
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Goog-Generation", strconv.FormatInt(o.Generation, 10))
	h.Set("X-Goog-Metageneration", strconv.FormatInt(o.Metageneration, 10))
	h.Set("X-Goog-Hash", "crc32c="+checksum(o.Data))
	switch {
	case fault == LostAck:
		hangUp()
	case fault == Corrupt && len(data) > 0:
		data = slices.Clone(data)
		data[len(data)/2] ^= 1
	case fault == ShortRead && len(data) > 0:
		data = data[:len(data)-1]
	}
	status := http.StatusOK
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(from, "-"))
		if err != nil || n >= len(data) {
			panic(problem{http.StatusRequestedRangeNotSatisfiable, "requestedRangeNotSatisfiable", from})
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", n, len(data)-1, len(data)))
		data, status = data[n:], http.StatusPartialContent
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if fault == Break {
		w.Write(data[:len(data)/2])
		http.NewResponseController(w).Flush()
		hangUp()
	}
	w.Write(data)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	prefix, after := q.Get("prefix"), q.Get("pageToken")
	fault := s.note(Call{"list", prefix})
	s.fail(r, fault)
	if fault == LostAck || fault == Break {
		hangUp()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page := struct {
		Kind  string     `json:"kind"`
		Next  string     `json:"nextPageToken,omitempty"`
		Items []resource `json:"items,omitempty"`
	}{Kind: "storage#objects"}
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(name, prefix) || name <= after {
			continue
		}
		if len(page.Items) == s.page {
			page.Next = page.Items[len(page.Items)-1].Name
			break
		}
		page.Items = append(page.Items, s.objects[name].resource(name))
	}
	answer(w, page)
}

// patch changes what may be changed of an object: its hold and its retention.
func (s *Server) patch(w http.ResponseWriter, r *http.Request, name string) {
	fault := s.note(Call{"patch", name})
	s.fail(r, fault)
	text, err := io.ReadAll(r.Body)
	if err != nil {
		hangUp()
	}
	var change struct {
		TemporaryHold *bool           `json:"temporaryHold"`
		Retention     json.RawMessage `json:"retention"`
	}
	if err := json.Unmarshal(text, &change); err != nil {
		panic(problem{http.StatusBadRequest, "parseError", err.Error()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(r, name)
	if change.Retention != nil {
		var to retention
		json.Unmarshal(change.Retention, &to)
		s.retain(o, &to, r.URL.Query().Get("overrideUnlockedRetention") == "true")
	}
	if change.TemporaryHold != nil {
		o.Hold = *change.TemporaryHold
	}
	o.Metageneration++
	if fault == LostAck {
		hangUp()
	}
	answer(w, o.resource(name))
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request, name string) {
	fault := s.note(Call{"delete", name})
	s.fail(r, fault)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mayGo(s.find(r, name))
	delete(s.objects, name)
	if fault == LostAck {
		hangUp()
	}
	w.WriteHeader(http.StatusNoContent)
}
