// Package maskedlog is the log encoder masked: Caddy's own logs, without the
// secrets.
package maskedlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/masking"
)

func init() { caddy.RegisterModule(Encoder{}) }

// Encoder masks log entries as records are masked, by the caddyrec app's `mask`
// settings: query parameters and header fields with secret names, and what the
// detectors find in any text. Caddy logs the address and the header fields of
// a request as the client sent them, in access logs and with errors. What the
// OpenAPI document of a json_schema_guard calls sensitive in them is masked too.
//
//	format masked {
//		wrap <encoder>
//	}
type Encoder struct {
	// The encoder that makes the text of an entry. Default: `json`, or
	// `console` where the output is a terminal.
	WrappedRaw json.RawMessage `json:"wrap,omitempty" caddy:"namespace=caddy.logging.encoders inline_key=format"`

	zapcore.Encoder `json:"-"`

	request *http.Request // that entries are about; nil if nobody said
}

// CaddyModule returns the Caddy module information.
func (Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.encoders.masked", New: func() caddy.Module { return new(Encoder) }}
}

// Provision sets up the encoder within, and has the standard library's log
// masked too.
func (e *Encoder) Provision(ctx caddy.Context) error {
	maskStandard()
	if e.WrappedRaw == nil {
		// A filter without fields is Caddy's own choice of a format.
		plain := new(logging.FilterEncoder)
		if err := plain.Provision(ctx); err != nil {
			return err
		}
		e.Encoder = plain
		return nil
	}
	mod, err := ctx.LoadModule(e, "WrappedRaw")
	if err != nil {
		return fmt.Errorf("format masked: wrap: %w", err)
	}
	wrapped, ok := mod.(zapcore.Encoder)
	if !ok {
		return fmt.Errorf("format masked: wrap: %T is no encoder: name one such as json or console", mod)
	}
	e.Encoder = wrapped
	return nil
}

// ConfigureDefaultFormat lets the encoder within choose by what it writes to.
func (e *Encoder) ConfigureDefaultFormat(to caddy.WriterOpener) error {
	if within, ok := e.Encoder.(caddy.ConfiguresFormatterDefault); ok {
		return within.ConfigureDefaultFormat(to)
	}
	return nil
}

// UnmarshalCaddyfile sets up the encoder. For its syntax see [Encoder].
func (e *Encoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return caddyrec.DirectiveOptions(d, func(option string) error {
		if option != "wrap" {
			return d.Errf("unrecognized masked option %q: use wrap", option)
		}
		if !d.NextArg() {
			return d.ArgErr()
		}
		name := d.Val()
		mod, err := caddyfile.UnmarshalModule(d, "caddy.logging.encoders."+name)
		if err != nil {
			return err
		}
		e.WrappedRaw = caddyconfig.JSONModuleObject(mod, "format", name, nil)
		return nil
	})
}

// Clone implements [zapcore.Encoder].
func (e *Encoder) Clone() zapcore.Encoder {
	return &Encoder{Encoder: e.Encoder.Clone(), request: e.request}
}

// AddObject implements [zapcore.ObjectEncoder]: a request goes into the entries
// without what its operation calls secret. Caddy adds it when it logs the first
// of them, and by then the exchange knows.
func (e *Encoder) AddObject(key string, object zapcore.ObjectMarshaler) error {
	if r, ok := object.(caddyhttp.LoggableHTTPRequest); ok {
		e.request = r.Request
	}
	return e.Encoder.AddObject(key, clean(e.request, object))
}

// clean is an object of an entry about r without what r's operation calls
// secret.
func clean(r *http.Request, object any) zapcore.ObjectMarshaler {
	switch o := object.(type) {
	case caddyhttp.LoggableHTTPRequest:
		o.Request = caddyrec.LoggedRequest(o.Request)
		return o
	case caddyhttp.LoggableHTTPHeader:
		if r != nil {
			o.Header = caddyrec.LoggedHeader(r, o.Header)
		}
		return o
	}
	return object.(zapcore.ObjectMarshaler)
}

// cleanEntry is the same for an entry's message and its own fields.
func (e *Encoder) cleanEntry(entry zapcore.Entry, fields []zapcore.Field) (zapcore.Entry, []zapcore.Field) {
	about := e.request
	for _, f := range fields {
		if r, ok := f.Interface.(caddyhttp.LoggableHTTPRequest); ok {
			about = r.Request
		}
	}
	if about == nil {
		return entry, fields
	}
	entry.Message = caddyrec.LoggedText(about, entry.Message)
	fields = slices.Clone(fields) // other encoders get them too
	for i, f := range fields {
		switch f.Type {
		case zapcore.ObjectMarshalerType:
			fields[i].Interface = clean(about, f.Interface)
		case zapcore.StringType:
			fields[i].String = caddyrec.LoggedText(about, f.String)
		case zapcore.ErrorType, zapcore.StringerType:
			said := zapcore.NewMapObjectEncoder()
			f.AddTo(said)
			text, _ := said.Fields[f.Key].(string)
			if told := caddyrec.LoggedText(about, text); told != text {
				fields[i] = zap.String(f.Key, told)
			}
		}
	}
	return entry, fields
}

// EncodeEntry implements [zapcore.Encoder]: what it makes of an entry is the
// encoder's text within, masked.
func (e *Encoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	entry.Message = unquoted(entry.Message) // it comes here where the log is the sink
	entry, fields = e.cleanEntry(entry, fields)
	made, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return made, err
	}
	policy := caddyrec.LogMasking()
	text, changed := mask(policy, made.Bytes())
	if !changed {
		return made, nil
	}
	made.Reset()
	made.Write(text)
	return made, nil
}

// mask masks a line that is JSON, or text and then JSON, as the console format
// is. What is neither is masked as text.
func mask(policy *masking.Policy, line []byte) (clean []byte, changed bool) {
	body := bytes.TrimRight(line, "\r\n")
	end := line[len(body):]
	var text string
	at := bytes.IndexByte(body, '{')
	if at >= 0 {
		if object, _, err := policy.JSON(nil, body[at:], nil); err == nil {
			if at == 0 {
				return append(object, end...), len(object) != len(body) || &object[0] != &body[0]
			}
			text, _ = policy.Text(string(body[:at]))
			return append(append([]byte(text), object...), end...), true
		}
	}
	text, _ = policy.Text(string(body))
	return append([]byte(text), end...), true
}

// Validate implements [caddy.Validator].
func (e *Encoder) Validate() error {
	if e.Encoder == nil {
		return errors.New("format masked: there is no encoder within: name one with wrap, such as json")
	}
	return nil
}

// Interface guards
var (
	_ zapcore.Encoder                  = (*Encoder)(nil)
	_ caddy.Provisioner                = (*Encoder)(nil)
	_ caddy.Validator                  = (*Encoder)(nil)
	_ caddyfile.Unmarshaler            = (*Encoder)(nil)
	_ caddy.ConfiguresFormatterDefault = (*Encoder)(nil)
)
