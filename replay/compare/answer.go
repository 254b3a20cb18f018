package compare

import (
	"bytes"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var seed = maphash.MakeSeed()

// ignored says whether a place is not compared.
func (c *comparison) ignored(part Part, place string) bool {
	hit := slices.ContainsFunc(c.opts.Ignore, func(p Pattern) bool { return p.covers(part, place) })
	if hit && !c.probe {
		c.result.Ignored++
	}
	return hit
}

// differ notes a difference; raw is the value replayed.
func (c *comparison) differ(d Difference, raw string) {
	c.found = true
	if c.probe {
		return
	}
	if len(c.result.Differences) == maxDifferences {
		c.result.More++
		return
	}
	d.place = d.Pointer
	if d.Part == PartBody {
		d.Pointer = c.cut(c.opts.Policy.Pointer(d.Pointer))
	}
	d.sum = maphash.String(seed, raw)
	if c.opts.Conceal && d.Part == PartBody {
		d.Recorded, d.Replayed = "", ""
	}
	c.result.Differences = append(c.result.Differences, d)
}

func (c *comparison) status() {
	want, got := c.want.Response.Status, c.got.Status
	if want == got || c.ignored(PartStatus, "") {
		return
	}
	c.differ(Difference{Part: PartStatus, Kind: Changed, Recorded: strconv.Itoa(want), Replayed: strconv.Itoa(got)}, strconv.Itoa(got))
}

func (c *comparison) headers() {
	for _, name := range c.opts.Headers {
		name = strings.ToLower(name)
		want, had := c.want.Response.Headers[name]
		values, has := c.got.Header[http.CanonicalHeaderKey(name)]
		got := strings.Join(values, ", ")
		if had == has && (want == got || c.sameField(name, want, got)) || c.ignored(PartHeader, name) {
			continue
		}
		d := Difference{Part: PartHeader, Pointer: name, Kind: Changed, Recorded: c.cut(want), Replayed: c.shown(got)}
		switch {
		case !had:
			d.Kind = Added
		case !has:
			d.Kind = Removed
		}
		c.differ(d, got)
	}
}

// sameField says whether a field has the recorded value in another form.
func (c *comparison) sameField(name, want, got string) bool {
	if HasMark(want) && marked(want, got) {
		c.maskedPlace()
		return true
	}
	if name == "location" || name == "content-location" {
		want, got = below(want, c.want.Origin), c.got.Own(got)
		return want == got || c.sameAddress(name, want, got)
	}
	return c.isSame(Leaf{Part: PartHeader, Pointer: name, Recorded: want, Replayed: got})
}

// sameAddress compares two addresses segment by segment.
func (c *comparison) sameAddress(name, want, got string) bool {
	wants, gots := strings.Split(want, "/"), strings.Split(got, "/")
	if len(wants) != len(gots) {
		return false
	}
	for i, seg := range wants {
		if seg != gots[i] && !(HasMark(seg) && marked(seg, gots[i])) &&
			!c.isSame(Leaf{Part: PartHeader, Pointer: name, Before: wants[max(i-1, 0)], Recorded: unescaped(seg), Replayed: unescaped(gots[i])}) {
			return false
		}
	}
	return true
}

func unescaped(seg string) string {
	if plain, err := url.PathUnescape(seg); err == nil {
		return plain
	}
	return seg
}

// below is an address below another, without that.
func below(address, origin string) string {
	if rest, ok := strings.CutPrefix(address, origin); ok && origin != "" && (rest == "" || rest[0] == '/') {
		return rest
	}
	return address
}

func (c *comparison) isSame(l Leaf) bool {
	if c.opts.Same == nil || !c.opts.Same(l) {
		return false
	}
	if !c.probe {
		c.result.Renamed++
	}
	return true
}

func (c *comparison) maskedPlace() {
	if !c.probe {
		c.result.Masked++
	}
}

func (c *comparison) body() {
	want := c.want.Response.Body
	switch {
	case c.want.Method == http.MethodHead:
		return
	case want == nil && len(c.got.Body) == 0:
		return
	case c.ignored(PartBody, ""):
		return
	case want == nil:
		c.differ(Difference{Part: PartBody, Kind: Added, Replayed: c.whole(c.got.Body)}, string(c.got.Body))
		return
	case want.Content == nil:
		if c.result.Uncompared = want.Omitted; want.Encrypted != "" {
			c.result.Uncompared = "encrypted"
		}
		return
	case want.Truncated:
		c.result.Uncompared = "truncated"
		return
	case len(c.got.Body) == 0:
		c.differ(Difference{Part: PartBody, Kind: Removed, Recorded: c.cut(*want.Content)}, "")
		return
	case c.got.Cut:
		c.result.Uncompared = "cut"
		return
	}
	wantTree, isJSON := Decode([]byte(*want.Content))
	gotTree, staysJSON := Decode(c.got.Body)
	switch {
	case isJSON && staysJSON && c.got.Status/100 == c.want.Response.Status/100:
		c.json(wantTree, gotTree)
	case isJSON && staysJSON && text(wantTree) == text(gotTree):
	case isJSON && staysJSON: // an error in place of an answer: member by member, it says nothing
		c.differ(Difference{Part: PartBody, Kind: Changed, Recorded: c.cut(*want.Content), Replayed: c.whole(c.got.Body)}, string(c.got.Body))
	case isJSON != staysJSON:
		c.differ(Difference{Part: PartBody, Kind: Type, Recorded: c.cut(*want.Content), Replayed: c.whole(c.got.Body)}, string(c.got.Body))
	case *want.Content == string(c.got.Body):
	case HasMark(*want.Content) && marked(*want.Content, string(c.got.Body)):
		c.maskedPlace()
	default:
		c.differ(Difference{Part: PartBody, Kind: Changed, Recorded: c.cut(*want.Content), Replayed: c.whole(c.got.Body)}, string(c.got.Body))
	}
}

// whole is a body as a report may hold it.
func (c *comparison) whole(body []byte) string {
	if clean, _, err := c.opts.Policy.JSON(nil, body, nil); err == nil {
		return c.cut(string(clean))
	}
	if bytes.IndexByte(body, 0) >= 0 {
		return "(binary)"
	}
	return c.shown(strings.ToValidUTF8(string(body), "\uFFFD"))
}
