package chain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const ordersAPI = `openapi: 3.1.0
info: {title: Orders, version: "7"}
paths:
  /orders:
    get:
      operationId: listOrders
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: X-Tenant, in: header, schema: {enum: [north, south]}}
        - {name: voucher, in: query, x-sensitive: true, schema: {type: string}}
      responses:
        "200": {description: some, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Order"}}}}}
        4XX: {description: no, content: {application/problem+json: {schema: {type: object, required: [code]}}}}
    post:
      operationId: addOrder
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Order"}}
          text/csv: {schema: {type: string}}
      responses:
        "201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
        "204": {description: nothing to tell}
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getOrder
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
    delete:
      operationId: dropOrder
      x-approval: required
      responses:
        "204": {description: gone}
  /tickets/{ticket}:
    parameters: [{name: ticket, in: path, required: true, x-sensitive: true, schema: {type: string}}]
    get:
      operationId: redeem
      parameters: [{name: X-Pickup, in: header, x-sensitive: true, schema: {type: string}}]
      responses:
        default:
          description: whatever
          headers: {X-Request-ID: {x-sensitive: true, schema: {type: string}}, x-link: {schema: {type: string, format: password}}, ETag: {schema: {type: string}}}
          content: {text/csv: {}}
components:
  schemas:
    Order:
      type: object
      properties:
        amount: {type: number, minimum: 0}
        code: {type: string, x-sensitive: true}
      required: [amount]
      additionalProperties: false
`

// withAPI writes the OpenAPI document and fills its place in.
func withAPI(t testing.TB, site string) (filled, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "orders.yaml")
	if err := os.WriteFile(file, []byte(ordersAPI), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(site, "API", file), file
}

func startAPI(t testing.TB, site string) *rig {
	t.Helper()
	site, _ = withAPI(t, site)
	return start(t, site)
}

const guardAPI = "json_schema_guard {\nopenapi API\n}\nsession_record\nreverse_proxy UPSTREAM"
