# One line each: see README.md and CONTRIBUTING.md.
export GOFLAGS := -trimpath
STATICCHECK := go tool -modfile=tools/go.mod staticcheck
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: run test lint unit e2e crash xcaddy platforms bench fuzz

run: ; go run ./cmd/caddy rec demo

test: lint unit e2e xcaddy platforms

lint: ; @test -z "$$(gofmt -l . | tee /dev/stderr)" && go vet ./... && $(STATICCHECK) ./... && go mod tidy -diff && go -C e2e vet ./... && go -C e2e mod tidy -diff && go -C tools mod tidy -diff

# What must not allocate is measured without the race detector, which makes
# pools forget; and the library for buckets has a race of its own.
unit: ; go test -race ./... && go test -run 'Alloc' ./encryption ./jsonscan ./masking ./schema ./record && go test ./storage/gcs

# Not from the cache: it does not know that the gateway that is run has changed.
e2e: ; go -C e2e test -count=1 ./...

# Kills of a gateway and power cuts, of which CI does a few hundred. Each test
# tells how far it is, and at its end what it did. What is left of a store in
# which something was lost is in e2e/_artifacts.
crash: ; go test -v -count=1 -timeout 2h -run PowerCut ./ledger -powercuts $(or $(CUTS),50000) && go -C e2e test -v -artifacts -count=1 -timeout 6h -run 'Kill|PowerCut' ./crash -rounds $(or $(ROUNDS),10000) -powercuts $(or $(ROUNDS),3000)

xcaddy: ; ./tools/xcaddy-build

platforms: ; set -e; for p in $(PLATFORMS); do echo "build $$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go build -o /dev/null ./cmd/caddy; done

bench: ; go -C e2e run ./bench --out ../docs/benchmarks.md $(foreach p,$(PEERS),--peer $(p))

fuzz: ; ./tools/fuzz
