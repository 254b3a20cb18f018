package orders

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func (s *Service) session(*http.Request, *order) reply {
	sid, token := random(8), random(16)
	s.tokens[sid] = token
	return reply{http.StatusOK, map[string]string{"Set-Cookie": "sid=" + sid + "; Path=/; HttpOnly"}, map[string]string{"csrf_token": token}}
}

func (s *Service) create(r *http.Request, _ *order) reply {
	var in struct {
		Token    string `json:"csrf_token"`
		Item     string
		Quantity int
	}
	sid, err := r.Cookie("sid")
	switch {
	case !read(r, &in) || in.Item == "" || in.Quantity < 1:
		return problem(http.StatusUnprocessableEntity, "give an item and a quantity")
	case err != nil || in.Token == "" || s.tokens[sid.Value] != in.Token:
		return problem(http.StatusForbidden, "the token is not of this session")
	case s.keys[r.Header.Get("Idempotency-Key")]:
		return problem(http.StatusConflict, "this was asked before")
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		s.keys[key] = true
	}
	o := order{ID: "ord_" + random(6), Item: in.Item, Quantity: in.Quantity}
	if err := s.save(o); err != nil {
		return problem(http.StatusInternalServerError, "not saved")
	}
	return reply{http.StatusCreated, map[string]string{"Location": "/orders/" + o.ID}, s.view(s.find(o.ID))}
}

// view is an order as clients see it.
func (s *Service) view(o *order) map[string]any {
	cents := 1990 * o.Quantity
	if s.Bug == Rounding && o.Quantity >= 3 {
		cents--
	}
	var total any = json.Number(fmt.Sprintf("%d.%02d", cents/100, cents%100))
	if s.Bug == TextTotal {
		total = fmt.Sprint(total)
	}
	state := "open"
	if o.Paid {
		state = "paid"
	}
	return map[string]any{
		"id": o.ID, "item": o.Item, "quantity": o.Quantity, "state": state, "notes": append([]note{}, o.Notes...),
		"price": map[string]any{"total": total, "currency": "EUR"},
	}
}

func (o *order) tag() string { return `"v` + strconv.Itoa(o.Version) + `"` }

func (s *Service) list(*http.Request, *order) reply {
	all := []any{}
	for _, o := range s.orders {
		all = append(all, s.view(o))
	}
	return reply{http.StatusOK, nil, map[string]any{"orders": all}}
}

func (s *Service) one(_ *http.Request, o *order) reply {
	return reply{http.StatusOK, map[string]string{"Etag": o.tag()}, s.view(o)}
}

func (s *Service) change(r *http.Request, o *order) reply {
	var in struct{ Quantity int }
	switch {
	case !read(r, &in) || in.Quantity < 1:
		return problem(http.StatusUnprocessableEntity, "give a quantity")
	case r.Header.Get("If-Match") != o.tag() || s.Bug == NoMatch:
		return problem(http.StatusPreconditionFailed, "the order has changed")
	}
	changed := *o
	changed.Quantity = in.Quantity
	return s.saved(changed)
}

func (s *Service) saved(o order) reply {
	if err := s.save(o); err != nil {
		return problem(http.StatusInternalServerError, "not saved")
	}
	return s.one(nil, s.find(o.ID))
}

func (s *Service) addNote(r *http.Request, o *order) reply {
	var in struct{ Text string }
	if !read(r, &in) || in.Text == "" {
		return problem(http.StatusUnprocessableEntity, "give a text")
	}
	n := note{ID: max(s.notes+1, s.FirstNote), Text: in.Text}
	changed := *o
	changed.Notes = append(append([]note(nil), o.Notes...), n)
	if err := s.save(changed); err != nil {
		return problem(http.StatusInternalServerError, "not saved")
	}
	return reply{http.StatusCreated, nil, n}
}

func (s *Service) dropNote(r *http.Request, o *order) reply {
	id, err := strconv.Atoi(r.PathValue("note"))
	changed := *o
	changed.Notes = nil
	for _, n := range o.Notes {
		if n.ID != id {
			changed.Notes = append(changed.Notes, n)
		}
	}
	if err != nil || len(changed.Notes) == len(o.Notes) {
		return problem(http.StatusNotFound, "no such note")
	}
	if err := s.save(changed); err != nil {
		return problem(http.StatusInternalServerError, "not saved")
	}
	return reply{status: http.StatusNoContent}
}

func (s *Service) pay(r *http.Request, o *order) reply {
	var in struct{ Password, Card string }
	if !read(r, &in) || in.Password != s.Password || strings.Trim(in.Card, "0123456789") != "" || len(in.Card) != 16 {
		return problem(http.StatusPaymentRequired, "the payment was refused")
	}
	changed := *o
	changed.Paid = true
	return s.saved(changed)
}

func (s *Service) receipt(_ *http.Request, o *order) reply {
	if !o.Paid {
		return problem(http.StatusConflict, "the order is not paid")
	}
	out := s.view(o)
	out["issued_at"] = time.Now().UTC().Format(time.RFC3339Nano)
	out["tax"] = map[string]any{"rate": 19, "included": true}
	if s.Bug == NoTax {
		delete(out, "tax")
	}
	return reply{http.StatusOK, nil, out}
}
