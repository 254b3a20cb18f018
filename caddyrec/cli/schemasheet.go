package cli

import (
	"fmt"
	"strings"
)

var (
	operationColumns = []column{{title: "OPERATION", least: 16}, {title: "ID", least: 8}, {title: "BODY", least: 8}, {title: "ANSWERS", least: 8}, {title: "APPROVAL"}}
	maskedColumns    = []column{{title: "MASKED", least: 12}, {title: "IN"}, {title: "PLACE", least: 12}, {title: "HOW"}, {title: "BECAUSE", least: 8}, {title: "WRITTEN AT", below: true}}
)

// print tells of the file for people.
func (r *schemaReport) print(con *console, again bool) error {
	s := sheet{con: con}
	if again {
		s.blank()
	}
	if r.Error != "" {
		s.heading(bad, "%s cannot be loaded", r.File)
		s.block(strings.Split(cleanLines(r.Error), "\n"))
		return s.print()
	}
	s.heading(bold, "%s: %s", r.File, r.summary())
	s.field("id", "%s", r.ID)
	s.field("version", "%s", r.Version)
	s.field("digest", "%s", r.Digest)
	if len(r.Files) > 1 {
		s.field("files", "%s", strings.Join(r.Files, ", "))
	}
	s.list(warn, "not as the standard wants it, or not checked:", r.Warnings)
	s.list(warn, "left to the slower validator:", r.Uncovered)
	if len(r.Operations)+len(r.Masked) > 0 {
		s.blank()
	}
	if err := s.print(); err != nil {
		return err
	}
	if err := r.operations(con); err != nil {
		return err
	}
	return r.masked(con)
}

// list writes texts below a line that says what they are.
func (s *sheet) list(look style, title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	s.blank()
	s.heading(look, "%s", title)
	for _, text := range texts {
		s.block([]string{clean(text)})
	}
}

// summary is the file in a few words.
func (r *schemaReport) summary() string {
	masked := count(len(r.Masked), "place masked", "places masked")
	if r.Kind == "schema" {
		return "JSON Schema, " + masked
	}
	approvals := 0
	for _, o := range r.Operations {
		if o.Approval {
			approvals++
		}
	}
	return fmt.Sprintf("OpenAPI, %s, %s, %s", count(len(r.Operations), "operation", "operations"),
		count(approvals, "needs approval", "need approval"), masked)
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func (r *schemaReport) operations(con *console) error {
	if len(r.Operations) == 0 {
		return nil
	}
	t := newTable(con, operationColumns)
	for _, o := range r.Operations {
		approval := ""
		if o.Approval {
			approval = "required"
		}
		id := o.ID
		if id == o.Method+" "+o.Path {
			id = ""
		}
		cells := []cell{{text: clean(o.Method + " " + o.Path)}, {text: clean(id), style: dim}, {text: clean(strings.Join(o.Request, ", "))},
			{text: clean(strings.Join(o.Responses, ", "))}, {text: approval, style: warn}}
		if err := t.row(cells); err != nil {
			return err
		}
	}
	if err := t.live(false); err != nil {
		return err
	}
	if len(r.Masked) > 0 {
		_, err := fmt.Fprintln(con.out)
		return err
	}
	return nil
}

func (r *schemaReport) masked(con *console) error {
	if len(r.Masked) == 0 {
		return nil
	}
	t := newTable(con, maskedColumns)
	for _, m := range r.Masked {
		how := m.How
		if how == "" {
			how = "by mask"
		}
		cells := []cell{{text: clean(m.Operation)}, {text: clean(m.In)}, {text: clean(m.Place), style: accent}, {text: clean(how)}, {text: clean(m.Because)}, {text: clean(m.Schema), style: dim}}
		if err := t.row(cells); err != nil {
			return err
		}
	}
	return t.live(false)
}
