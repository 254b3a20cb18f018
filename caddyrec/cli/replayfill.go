package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/replay/compare"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

// fillFlags say what goes into masked places.
type fillFlags struct {
	secrets  string
	StandIns bool `json:"stand_ins"`
}

func (f *fillFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.secrets, "secrets", "", "file with values for masked fields, as JSON")
	cmd.Flags().BoolVar(&f.StandIns, "stand-ins", true, "fill what nobody knows with a value of its kind; else such requests are not sent")
}

// maxSecretsFile bounds a file of secrets, in bytes.
const maxSecretsFile = 4 << 20

// read reads the file of secrets; nil: there is none.
func (f *fillFlags) read() (*rerun.Secrets, error) {
	if f.secrets == "" {
		return nil, nil
	}
	file, err := os.Open(f.secrets)
	if err != nil {
		return nil, fmt.Errorf("reading the secrets: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the secrets: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("every user of this machine can reach %s, which holds secrets: chmod 600 it", f.secrets)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSecretsFile+1))
	if err == nil && len(text) > maxSecretsFile {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the secrets in %s: %w", f.secrets, err)
	}
	s, err := rerun.ParseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("the secrets in %s: %w", f.secrets, err)
	}
	return s, nil
}

// compareFlags say what counts as a difference.
type compareFlags struct {
	Headers  []string `json:"headers"`
	Ignore   []string `json:"ignore,omitempty"`
	Baseline []string `json:"baseline,omitempty"`
	MaxBody  int64    `json:"max_body"`
}

func (f *compareFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringSliceVar(&f.Headers, "headers", []string{"content-type", "location"}, "header fields of answers that are compared")
	fs.StringArrayVar(&f.Ignore, "ignore", nil, "do not compare this: a JSON Pointer with * and **, as in /items/*/updated_at, header:<name>, status or body; a method and a path may stand before it")
	fs.StringArrayVar(&f.Baseline, "baseline", nil, "run on this good instance first, twice, or on two of them: where the two runs differ is noise")
	fs.Int64Var(&f.MaxBody, "max-body", 1<<20, "how much of an answer is read, in bytes")
}

func (f *compareFlags) patterns() ([]compare.Pattern, error) {
	var all []compare.Pattern
	for _, text := range f.Ignore {
		p, err := compare.ParsePattern(text)
		if err != nil {
			return nil, fmt.Errorf("--ignore: %w", err)
		}
		all = append(all, p)
	}
	if len(f.Baseline) > 2 {
		return nil, fmt.Errorf("--baseline is given %d times: two runs are compared", len(f.Baseline))
	}
	return all, nil
}
