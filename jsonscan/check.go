package jsonscan

import "sync"

// Report is what Check found out about a text that is strict JSON.
type Report struct {
	Duplicate        bool   // some object repeats a key
	DuplicatePointer string // JSON Pointer of the first repeated member; it holds keys of the text
}

var scanners = sync.Pool{New: func() any { return new(Scanner) }}

// Check reads the whole of src. The error is a *SyntaxError.
func Check(src []byte, lim Limits) (Report, error) {
	s := scanners.Get().(*Scanner)
	s.Reset(src, lim)
	rep, err := check(s)
	s.Reset(nil, Limits{})
	scanners.Put(s)
	return rep, err
}

func check(s *Scanner) (rep Report, err error) {
	for {
		tok, err := s.Next()
		if err != nil {
			return Report{}, err
		}
		switch tok.Kind {
		case End:
			return rep, nil
		case Key:
			if s.dup && !rep.Duplicate {
				rep = Report{Duplicate: true, DuplicatePointer: string(s.AppendPointer(nil))}
			}
		}
	}
}
