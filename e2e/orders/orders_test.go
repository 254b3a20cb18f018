package orders

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestOrdersAreThereAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders")
	for range 2 {
		s, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.save(order{ID: "ord_1", Item: "chair", Quantity: 2, Notes: []note{{ID: 7, Text: "x"}}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/orders", nil))
	if got := w.Body.String(); !strings.Contains(got, `"total":39.80`) || s.Orders() != 1 || s.notes != 7 {
		t.Errorf("%d orders: %s", s.Orders(), got)
	}
}
