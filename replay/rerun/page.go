package rerun

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"took":    shortTook,
	"percent": func(part, all int64) string { return fmt.Sprintf("%.3f%%", 100*float64(part)/float64(max(all, 1))) },
	"moment":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"sources": sourcesOf,
	"int64":   func(n int) int64 { return int64(n) },
}).Parse(pageText))

// pageData is a report, and what its bars are drawn by.
type pageData struct {
	*Report
	// RecordedSpan and Span are how long all of it took, on record and now, in
	// microseconds.
	RecordedSpan, Span int64
}

// Page is the report as one HTML page that needs nothing else: no script, no
// picture, no font from elsewhere.
func (r *Report) Page() ([]byte, error) {
	d := pageData{Report: r}
	for _, o := range r.Steps {
		d.RecordedSpan = max(d.RecordedSpan, o.RecordedAt+o.RecordedTook)
		d.Span = max(d.Span, o.At+o.Took)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("writing the report's page: %w", err)
	}
	return b.Bytes(), nil
}

func shortTook(us int64) string {
	d := time.Duration(us) * time.Microsecond
	if d >= time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// source is where some values came from.
type source struct {
	From   Source
	Places []string
}

// sourcesOf puts filled places together by where their values came from.
func sourcesOf(filled []Filled) (all []source) {
	at := map[Source]int{}
	for _, f := range filled {
		i, ok := at[f.From]
		if !ok {
			i = len(all)
			at[f.From] = i
			all = append(all, source{From: f.From})
		}
		all[i].Places = append(all[i].Places, f.Place)
	}
	return all
}
