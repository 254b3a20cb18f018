package identity

import (
	"strings"
	"testing"
	"time"
)

func TestConfigurationsThatWouldBeUnsafeAreRefused(t *testing.T) {
	for what, alter := range map[string]func(*Config){
		"no issuer":                   func(c *Config) { c.Issuer = "" },
		"an http issuer":              func(c *Config) { c.Issuer = "http://id.example.com" },
		"an http issuer named like":   func(c *Config) { c.Issuer = "http://localhost.example.com" },
		"a relative issuer":           func(c *Config) { c.Issuer = "id.example.com" },
		"an issuer with a query":      func(c *Config) { c.Issuer += "?a=b" },
		"an issuer with a fragment":   func(c *Config) { c.Issuer += "#" },
		"an issuer with a password":   func(c *Config) { c.Issuer = "https://u:p@id.example.com" },
		"no audience":                 func(c *Config) { c.Audiences = nil },
		"an empty audience":           func(c *Config) { c.Audiences = []string{"a", ""} },
		"no session hash":             func(c *Config) { c.SessionID = nil },
		"the algorithm none":          func(c *Config) { c.Algorithms = []string{"RS256", "none"} },
		"the algorithm HS256":         func(c *Config) { c.Algorithms = []string{"HS256"} },
		"an unknown profile":          func(c *Config) { c.Profile = "id" },
		"a negative leeway":           func(c *Config) { c.Leeway = -1 },
		"an hour of leeway":           func(c *Config) { c.Leeway = time.Hour },
		"keys stale before refreshed": func(c *Config) { c.MaxStale = time.Minute },
		"refresh under min refetch":   func(c *Config) { c.Refresh = time.Second },
		"a negative cache":            func(c *Config) { c.CacheSize = -1 },
	} {
		c := Config{Issuer: "https://id.example.com", Audiences: []string{"a"}, SessionID: sessionID}
		alter(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s is accepted", what)
		} else if strings.Contains(err.Error(), "u:p@") {
			t.Errorf("%s: the error shows the password: %v", what, err)
		}
	}
	for _, issuer := range []string{"https://id.example.com/realms/a", "http://localhost:8080", "http://127.0.0.1:9", "http://[::1]:9/x"} {
		if _, err := New(Config{Issuer: issuer, Audiences: []string{"a"}, SessionID: sessionID}); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}
