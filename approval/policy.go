package approval

import (
	"fmt"
	"slices"
	"strconv"
)

// maxNeed bounds Policy.Need; more approvers than that nobody finds.
const maxNeed = 32

// Policy says who may vote and how many must approve. The one a request was
// asked under decides on it, whatever the configuration says later.
type Policy struct {
	// Name names the policy for people.
	Name string `json:"name,omitempty"`
	// Claim is the claim that makes somebody an approver, such as groups.
	Claim string `json:"claim"`
	// Values are the claim's values of which an approver has at least one.
	Values []string `json:"values"`
	// Need is how many different people must approve: 1 to 32. One denial
	// denies.
	Need int `json:"need"`
}

// Digest is a hash of all that p says, hex, for the binding: an approval under
// one policy does not hold under another.
func (p Policy) Digest() string {
	p = p.clean()
	return hash(append([]string{"policy", p.Name, p.Claim, strconv.Itoa(p.Need)}, p.Values...)...)
}

// clean returns p with its values in one order, each once.
func (p Policy) clean() Policy {
	p.Values = slices.Clone(p.Values)
	slices.Sort(p.Values)
	p.Values = slices.Compact(p.Values)
	return p
}

// Check says what is wrong with p, in words for whoever configures it.
func (p Policy) Check() error {
	switch {
	case p.Claim == "":
		return fmt.Errorf("%w: the policy names no claim that makes somebody an approver", ErrInvalid)
	case len(p.Values) == 0 || slices.Contains(p.Values, ""):
		return fmt.Errorf("%w: the policy names no value of the claim %q, or an empty one", ErrInvalid, p.Claim)
	case p.Need < 1 || p.Need > maxNeed:
		return fmt.Errorf("%w: need %d: it must be 1 to %d", ErrInvalid, p.Need, maxNeed)
	case !text(p.Name, 1024) || !text(p.Claim, 1024):
		return fmt.Errorf("%w: the policy's name or claim is too long or not UTF-8", ErrInvalid)
	}
	for _, v := range p.Values {
		if !text(v, 1024) {
			return fmt.Errorf("%w: a value of the claim %q is too long or not UTF-8", ErrInvalid, p.Claim)
		}
	}
	return nil
}

// via returns the value of the policy's claim that makes v an approver.
func (p Policy) via(v Voter) (string, bool) {
	if v.Values == nil {
		return "", false
	}
	for _, have := range v.Values(p.Claim) {
		if slices.Contains(p.Values, have) {
			return have, true
		}
	}
	return "", false
}
