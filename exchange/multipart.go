package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// maxFields bounds the fields of a form that is looked through.
const maxFields = 256

// fieldRule and fileAction stand in the record where a field is told by length
// and digest only.
const (
	fileRule   = "file"
	fileAction = "digest"
)

// multipart masks a multipart/form-data body (RFC 7578) field by field. It is
// written anew from what was understood: text fields and JSON with their
// content, masked by their names too; files, and what is neither, by length
// and digest. What stands between and around the fields is left out.
func (m Masker) multipart(part string, b []byte, boundary string, marks masking.Marks) ([]byte, []record.Masked, string) {
	var (
		r      = multipart.NewReader(bytes.NewReader(b), boundary)
		line   = "--" + m.Text(boundary, 70)
		out    bytes.Buffer
		masked []record.Masked
	)
	for n := 0; ; n++ {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && n > 0 {
			out.WriteString(line + "--\r\n")
			return out.Bytes(), masked, ""
		}
		if err != nil || n == maxFields {
			return nil, nil, "not-multipart"
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return nil, nil, "not-multipart"
		}
		f, ok := m.newField(p.Header)
		if !ok {
			return nil, nil, "not-multipart"
		}
		content, places := m.field(f, value, marks)
		masked = addMasked(masked, maskedIn(part, places)...)
		fmt.Fprintf(&out, "%s\r\nContent-Disposition: form-data; name=%q", line, m.Text(f.name, 256))
		if f.file {
			fmt.Fprintf(&out, "; filename=%q", m.Text(f.fileName, 256))
		}
		if f.media != "" {
			out.WriteString("\r\nContent-Type: " + m.Text(f.media, 128))
		}
		out.WriteString("\r\n\r\n" + content + "\r\n")
	}
}

// field is the head of one field of a form.
type field struct {
	name, fileName string
	file           bool   // it has a file name
	media          string // its Content-Type as sent
	plain          bool   // its head says nothing that could be read in two ways
	header         http.Header
}

func (m Masker) newField(h textproto.MIMEHeader) (field, bool) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil || kind != "form-data" {
		return field{}, false
	}
	f := field{name: params["name"], media: h.Get("Content-Type"), header: http.Header(h)}
	f.fileName, f.file = params["filename"]
	raw := h.Get("Content-Disposition")
	// name*=… is read by some and passed over by others, and so is a coding.
	f.plain = len(h["Content-Disposition"]) == 1 && !strings.Contains(raw, "*") && len(h["Content-Transfer-Encoding"]) == 0 && f.name != ""
	return f, true
}

// field masks the value of one field.
func (m Masker) field(f field, value []byte, marks masking.Marks) (string, []masking.Place) {
	pointer := "/" + jsonscan.EscapeToken(f.name)
	if f.file || !f.plain || bytes.Contains(bytes.ToLower(value), []byte("content-disposition")) {
		return m.file(pointer, value)
	}
	pointer = m.Policy.Pointer(pointer)
	inner, marked := fieldMarks(marks, f.name)
	secret := m.Policy.SecretName(f.name)
	media, params := Text, map[string]string(nil)
	if f.media != "" {
		media, params, _ = classify(f.header)
	}
	switch {
	case marked:
		return masking.Token, []masking.Place{{Pointer: pointer, Rule: ruleSchema, Action: actionMask, Count: 1}}
	case media == JSON && !secret:
		return m.jsonField(pointer, value, value, inner)
	case media == JSON, media == Text:
		text, why := plainText(value, params["charset"])
		if why != "" {
			return m.file(pointer, value)
		}
		if len(inner) > 0 && !secret && looksLikeJSON(text) {
			return m.jsonField(pointer, value, text, inner)
		}
		clean, places := m.Policy.Field(f.name, string(text))
		for i := range places {
			places[i].Pointer = pointer
		}
		return clean, places
	}
	return m.file(pointer, value)
}

// jsonField masks a field that is JSON, text being its value in UTF-8.
func (m Masker) jsonField(pointer string, value, text []byte, inner []masking.Marks) (string, []masking.Place) {
	clean, places, ok := m.within(text, inner)
	if !ok {
		return m.file(pointer, value)
	}
	for i := range places {
		places[i].Pointer = pointer + places[i].Pointer
	}
	return string(clean), places
}

// file tells a field by length and digest.
func (m Masker) file(pointer string, value []byte) (string, []masking.Place) {
	return fmt.Sprintf("[file: %d bytes, %s]", len(value), m.Digest(value)),
		[]masking.Place{{Pointer: m.Policy.Pointer(pointer), Rule: fileRule, Action: fileAction, Count: 1}}
}
