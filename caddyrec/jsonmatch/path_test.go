package jsonmatch

import (
	"strings"
	"testing"
)

func TestAPathInAnotherLanguageIsRefused(t *testing.T) {
	for _, path := range []string{"$.amount", "$", "$[0]", "/amount", "/items/0/price", "items[0].price", "items[].price", ".amount", "amount.", "items..price", "."} {
		m := Match{Conditions: []Condition{{Path: path, Operator: ">", Value: "1000"}}}
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), "json "+path+": ") || !strings.Contains(err.Error(), "such as amount") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"amount", "items.0.price", "items.#.price", "items.#", "$type", "meta.$ref", "a/b", "paths./orders", "a-b_c"} {
		m := Match{Conditions: []Condition{{Path: path, Operator: "exists"}}}
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
