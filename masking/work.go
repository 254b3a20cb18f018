package masking

import (
	"sync"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// work is what masking one text takes. A text within a text is masked by the
// child of its work, which shares the root.
type work struct {
	p     *Policy
	root  *root
	level int // how many texts this one is within
	scan  jsonscan.Scanner
	track tracker
	kid   *work

	in   []byte // a text decoded
	name []byte // a key decoded
	out  [2][]byte
	doc  []byte // a masked text within
	// decodedText is a part of a text decoded, which the child masks.
	decodedText []byte
	spans       []span
	pairs       pairs
	text        []byte // that spans are of

	drops   bool   // some action removes members
	canDrop bool   // there is one around the text at hand
	dropped bool   // by what was found in it
	kept    []bool // for each open container, whether something in it has stayed
	member  member
	// keyMember: the value to come is a key's, if it looks like one.
	keyMember bool
	counts    bool // the value to come is how many tokens there are, if it is a number
	names     knownNames
	card      cardRun
	grant     int8 // whether the text asks for tokens in exchange for a code: 1 no, 2 yes …
	kind      int8 // … and whether there is a Secret of Kubernetes in it
}

// root gathers the places of one text and all within it.
type root struct {
	body    bool   // places are JSON Pointers into the document of top
	name    string // else the place, as it is
	top     *work
	quiet   int    // above 0, places are not reported …
	hint    string // … but for the rule of the first
	places  []Place
	more    int
	pointer []byte
	full    []byte // the pointer as it is
	located bool   // pointer is that of the token at hand
	segment *work  // masks pointers

	pointing int // bytes of pointers looked at for places …
	naming   int // … and for domains
	looked   int // bytes that all looks at texts went over: linear, whatever the text
}

var pool = sync.Pool{New: func() any {
	w := &work{root: &root{}}
	w.root.top = w
	return w
}}

func take(p *Policy) *work {
	w := pool.Get().(*work)
	w.use(p)
	w.drops = p.drops
	return w
}

// use has the policy be p.
func (w *work) use(p *Policy) {
	w.p = p
	w.names.by(p)
}

// keep is how many bytes a buffer may have to be kept for the next text.
const keep = 1 << 16

func release(w *work) {
	top := w
	*w.root = root{top: top, segment: w.root.segment, pointer: trim(w.root.pointer), full: trim(w.root.full)}
	for ; w != nil; w = w.kid {
		w.forget()
	}
	for w = top.root.segment; w != nil; w = w.kid {
		w.forget()
	}
	pool.Put(top)
}

// forget lets go of the text, so that a pooled work pins no body.
func (w *work) forget() {
	w.scan.Reset(nil, limits)
	w.track.stop()
	w.in, w.name, w.doc, w.decodedText = trim(w.in), trim(w.name), trim(w.doc), trim(w.decodedText)
	w.out[0], w.out[1] = trim(w.out[0]), trim(w.out[1])
	w.pairs.trim()
	w.text, w.kept = nil, w.kept[:0]
	w.drops, w.canDrop, w.dropped = false, false, false
	if cap(w.spans) > keep/32 {
		w.spans = nil
	}
}

func trim(b []byte) []byte {
	if cap(b) > keep {
		return nil
	}
	return b[:0]
}

// child is the work for a text within this one's.
func (w *work) child() *work {
	if w.kid == nil {
		w.kid = &work{root: w.root, level: w.level + 1}
	}
	w.kid.use(w.p)
	w.kid.track.follow(&w.track)
	w.kid.drops, w.kid.canDrop = w.drops, false
	return w.kid
}
