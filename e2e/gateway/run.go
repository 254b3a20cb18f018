package gateway

import (
	"context"
	"os"
)

// Run is one run of tests: a folder, and the gateway that was built into it.
type Run struct {
	// Folder is the run's own. Its name is short: sockets are below it.
	Folder string
	// Binary is the gateway under test, as it is shipped.
	Binary string
}

// NewRun makes a folder whose name begins with name and builds the gateway into
// it. End removes it.
func NewRun(name string) (*Run, error) {
	folder, err := os.MkdirTemp("", name)
	if err != nil {
		return nil, err
	}
	r := &Run{Folder: folder}
	if r.Binary, err = Build(context.Background(), folder); err != nil {
		r.End()
		return nil, err
	}
	return r, nil
}

// End removes the run's folder, with those of its gateways.
func (r *Run) End() error { return os.RemoveAll(r.Folder) }

// Gateway prepares a gateway with a folder of its own and an address.
func (r *Run) Gateway() (*Gateway, error) {
	folder, err := os.MkdirTemp(r.Folder, "g")
	if err != nil {
		return nil, err
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	return &Gateway{Binary: r.Binary, Folder: folder, Address: address, log: new(output)}, nil
}
