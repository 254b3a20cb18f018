package gcstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// problem is an error answer.
type problem struct {
	status          int
	reason, message string
}

// serve finds the operation. What goes wrong below it is a panic with a problem
// or, where the connection breaks, with http.ErrAbortHandler.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case problem:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(p.status)
			json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
				"code": p.status, "message": p.message,
				"errors": []map[string]string{{"reason": p.reason, "message": p.message}},
			}})
		default:
			panic(p)
		}
	}()
	upload := "/upload/storage/v1/b/" + Bucket + "/o"
	objects := "/storage/v1/b/" + Bucket + "/o"
	path := r.URL.EscapedPath()
	q := r.URL.Query()
	switch {
	case path == upload && r.Method == http.MethodPost && q.Get("upload_id") != "":
		s.chunk(w, r, q.Get("upload_id"))
	case path == upload && r.Method == http.MethodPost && q.Get("uploadType") == "multipart":
		s.insert(w, r)
	case path == upload && r.Method == http.MethodPost && q.Get("uploadType") == "resumable":
		s.begin(w, r)
	case path == objects && r.Method == http.MethodGet:
		s.list(w, r)
	case strings.HasPrefix(path, objects+"/"):
		name, err := url.PathUnescape(path[len(objects)+1:])
		if err != nil {
			panic(problem{http.StatusBadRequest, "invalid", "bad object name"})
		}
		s.object(w, r, name)
	default:
		panic(problem{http.StatusNotFound, "notFound", fmt.Sprintf("%s %s is not there", r.Method, path)})
	}
}

func (s *Server) object(w http.ResponseWriter, r *http.Request, name string) {
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("alt") == "media":
		s.media(w, r, name)
	case r.Method == http.MethodGet:
		s.get(w, r, name)
	case r.Method == http.MethodPatch:
		s.patch(w, r, name)
	case r.Method == http.MethodDelete:
		s.remove(w, r, name)
	default:
		panic(problem{http.StatusMethodNotAllowed, "notAllowed", r.Method})
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	json.NewEncoder(w).Encode(v)
}
