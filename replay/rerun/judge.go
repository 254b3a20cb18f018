package rerun

import (
	"strings"

	"github.com/caddyrec/caddyrec/replay/compare"
)

// maxTold bounds an error's text, in bytes: the target may have written it.
const maxTold = 400

// told is an error's text without anything secret.
func (r *runner) told(err error) string {
	text, _ := r.opts.Policy.Text(err.Error())
	if text = r.hidden.hide(text); len(text) > maxTold {
		text = strings.ToValidUTF8(text[:maxTold], "") + "…"
	}
	return text
}

// unsendable says why a request cannot be sent, if that is so.
func (r *runner) unsendable(s *Step) (why Why, detail string) {
	origin, rest := s.origin()
	switch b := s.Request.Body; {
	case !s.Safe() && !r.opts.Unsafe:
		return WhyUnsafe, s.Request.Method + " may change something: --unsafe lets it go to an instance made for tests"
	case origin == "" || rest[0] != '/' && rest[0] != '?':
		return WhyURL, "the address on record is not one below a host"
	case b == nil || b.Size == 0:
	case r.hasOriginal(s):
	case b.Encrypted != "":
		return WhyNoBody, "its body is encrypted: --identity opens it"
	case b.Content == nil:
		return WhyNoBody, "its body is not on record: " + b.Omitted
	case b.Truncated:
		return WhyNoBody, "its body is on record in part only"
	}
	return "", ""
}

func (r *runner) hasOriginal(s *Step) bool {
	_, ok := r.opts.Originals.body(s.Exchange)
	return ok
}

// judge learns from an answer and compares it with the recorded one.
func (r *runner) judge(i int, o *Outcome, answer *compare.Answer) {
	s := r.plan.Steps[i]
	l := lesson{learned: r.learned, step: s, fresh: r.plan.fresh[i], fields: r.fields}
	l.take(answer)
	o.Secrets = l.hides
	for _, e := range l.got {
		if !s.Encrypted && r.isPlain(e.Recorded) && r.isPlain(e.Replayed) {
			o.Learned = append(o.Learned, e)
		} else {
			o.Secrets++
			r.hidden.add(e.Replayed)
		}
	}
	r.hidden.add(l.secrets...)
	origin, _ := s.origin()
	path := s.path()
	opts := compare.Options{
		Headers: r.opts.Compare, Ignore: append(concerning(r.opts.Ignore, s.Request.Method, path), r.opts.Noise[s.Exchange]...),
		Policy: r.opts.Policy, Hide: r.hidden.hide, Conceal: s.Encrypted, Same: func(leaf compare.Leaf) bool { return r.learned.same(path, leaf) },
	}
	want := compare.Recorded{Method: s.Request.Method, Origin: origin, Response: s.Response, Masked: s.Masked}
	o.Result = compare.Answers(want, answer, &opts)
	if o.State = Matched; !o.Result.Matched() {
		o.State = Differs
	}
}

func concerning(all []compare.Pattern, method, path string) (some []compare.Pattern) {
	for _, p := range all {
		if p.Concerns(method, path) {
			some = append(some, p)
		}
	}
	return some
}

// isPlain says whether a value may be told.
func (r *runner) isPlain(text string) bool {
	clean, _ := r.opts.Policy.Text(text)
	return clean == text && r.hidden.hide(text) == text
}
