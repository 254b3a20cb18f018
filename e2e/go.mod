module github.com/caddyrec/caddyrec/e2e

go 1.26.0

replace github.com/caddyrec/caddyrec => ../

require (
	github.com/caddyrec/caddyrec v0.0.0-00010101000000-000000000000
	github.com/go-jose/go-jose/v4 v4.1.6
	github.com/santhosh-tekuri/jsonschema/v5 v5.3.1
	golang.org/x/sys v0.48.0
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/mod v0.42.0 // indirect
)
