package schema

// slots number the keys that a rule's keywords name.
type slots struct {
	keys   []string
	byName map[string]int
}

// fewKeys is how many are looked through sooner than hashed.
const fewKeys = 8

// take is the slot of a key, a new one if need be.
func (s *slots) take(key string) int {
	slot, ok := s.byName[key]
	if !ok {
		if s.byName == nil {
			s.byName = map[string]int{}
		}
		slot = len(s.keys)
		s.byName[key] = slot
		s.keys = append(s.keys, key)
	}
	return slot
}

func (s *slots) takeAll(keys []string) []int {
	var all []int
	for _, key := range keys {
		all = append(all, s.take(key))
	}
	return all
}

// of is the slot of a key; -1 if there is none.
func (s *slots) of(key []byte) int {
	if len(s.keys) <= fewKeys {
		for slot, name := range s.keys {
			if name == string(key) {
				return slot
			}
		}
		return -1
	}
	if slot, ok := s.byName[string(key)]; ok {
		return slot
	}
	return -1
}
