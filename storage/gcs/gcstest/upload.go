package gcstest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// insert is an upload in one request.
func (s *Server) insert(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	fault := s.note(Call{"insert", name})
	s.fail(r, fault)
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		panic(problem{http.StatusBadRequest, "invalid", err.Error()})
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	meta := describe(part(parts))
	data := part(parts)
	if _, err := parts.NextPart(); err != io.EOF {
		panic(problem{http.StatusBadRequest, "invalid", "more or less than two parts"})
	}
	o := s.finish(r.URL.Query(), name, meta, data)
	if fault == LostAck {
		hangUp()
	}
	answer(w, o.resource(name))
}

func part(parts *multipart.Reader) []byte {
	p, err := parts.NextPart()
	if err != nil {
		hangUp()
	}
	b, err := io.ReadAll(p)
	if err != nil {
		hangUp() // the client went away
	}
	return b
}

func describe(text []byte) (meta resource) {
	if err := json.Unmarshal(text, &meta); err != nil {
		panic(problem{http.StatusBadRequest, "parseError", err.Error()})
	}
	return meta
}

// finish makes an uploaded object one that is there.
func (s *Server) finish(q url.Values, name string, meta resource, data []byte) *Object {
	if name == "" || meta.Name != "" && meta.Name != name {
		panic(problem{http.StatusBadRequest, "invalid", "no name, or two"})
	}
	if meta.CRC32C != "" && meta.CRC32C != checksum(data) {
		panic(problem{http.StatusBadRequest, "invalid", fmt.Sprintf("Provided CRC32C %q doesn't match calculated CRC32C %q.", meta.CRC32C, checksum(data))})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	matches(q, s.objects[name])
	s.mayGo(s.objects[name])
	return s.store(name, data, meta)
}

// session is a resumable upload under way.
type session struct {
	name  string
	query url.Values
	meta  resource
	data  []byte
	made  *Object // once it is finished
}

// begin starts a resumable upload.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	fault := s.note(Call{"begin", q.Get("name")})
	s.fail(r, fault)
	text, err := io.ReadAll(r.Body)
	if err != nil {
		hangUp()
	}
	id := rand.Text()
	s.mu.Lock()
	func() {
		defer s.mu.Unlock()
		matches(q, s.objects[q.Get("name")])
		s.sessions[id] = &session{name: q.Get("name"), query: q, meta: describe(text)}
	}()
	if fault == LostAck {
		hangUp()
	}
	w.Header().Set("Location", s.URL+"/upload/storage/v1/b/"+Bucket+"/o?uploadType=resumable&upload_id="+id)
}

// chunk takes the next bytes of a resumable upload. Bytes that came before are
// passed over, and a finished upload answers as it did when it was finished.
func (s *Server) chunk(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	up := s.sessions[id]
	s.mu.Unlock()
	if up == nil {
		panic(problem{http.StatusNotFound, "notFound", "no such upload"})
	}
	fault := s.note(Call{"chunk", up.name})
	s.fail(r, fault)
	if r.Header.Get("X-GUploader-No-308") != "yes" {
		panic(problem{http.StatusBadRequest, "invalid", "this server answers no 308"})
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		hangUp()
	}
	if up.made == nil {
		from, total := contentRange(r.Header.Get("Content-Range"), len(body))
		if from > len(up.data) {
			panic(problem{http.StatusServiceUnavailable, "backendError", "a gap"})
		}
		if have := len(up.data) - from; have < len(body) {
			up.data = append(up.data, body[have:]...)
		}
		if total < 0 {
			if fault == LostAck {
				hangUp()
			}
			w.Header().Set("X-Http-Status-Code-Override", "308")
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(up.data)-1))
			return
		}
		if total != len(up.data) {
			panic(problem{http.StatusBadRequest, "invalid", "the size is another"})
		}
		up.made = s.finish(up.query, up.name, up.meta, bytes.Clone(up.data))
	}
	if fault == LostAck {
		hangUp()
	}
	answer(w, up.made.resource(up.name))
}

// contentRange reads "bytes 0-99/*", "bytes 100-149/150" or "bytes */150";
// total is -1 while it is open.
func contentRange(header string, size int) (from, total int) {
	span, all, ok := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	bad := problem{http.StatusBadRequest, "invalid", "bad Content-Range " + header}
	if !ok {
		panic(bad)
	}
	total = -1
	var err error
	if all != "*" {
		if total, err = strconv.Atoi(all); err != nil {
			panic(bad)
		}
	}
	if span == "*" {
		return total - size, total
	}
	first, last, ok := strings.Cut(span, "-")
	from, err = strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if !ok || err != nil || err2 != nil || to-from+1 != size {
		panic(bad)
	}
	return from, total
}
