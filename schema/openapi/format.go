package openapi

import (
	"encoding/json"
	"math/big"
)

// base64 is RFC 4648 section 4.
const base64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

// ranges are those of the formats that OpenAPI gives to integers.
var ranges = map[string][2]json.Number{
	"int32": {"-2147483648", "2147483647"},
	"int64": {"-9223372036854775808", "9223372036854775807"},
}

// bound says in keywords what OpenAPI's formats say. float, double and binary
// say nothing that JSON does not; password is a mark.
func bound(out map[string]any, old bool) {
	name, _ := out["format"].(string)
	if name == "byte" && out["pattern"] == nil {
		out["pattern"] = base64
	}
	limits, ok := ranges[name]
	if !ok {
		return
	}
	for i, side := range []string{"minimum", "maximum"} {
		written, ok := out[side].(json.Number)
		if ok {
			have, _ := new(big.Rat).SetString(written.String())
			want, _ := new(big.Rat).SetString(limits[i].String())
			if have == nil || have.Cmp(want) == 0 || (have.Cmp(want) > 0) == (i == 0) {
				continue
			}
		} else if out[side] != nil {
			continue // the compiler tells that it is no number
		}
		out[side] = limits[i]
		if old {
			delete(out, "exclusiveM"+side[1:])
		}
	}
}
