package cli

import (
	"github.com/spf13/cobra"
)

func schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema <command>",
		Short: "Checks schemas and OpenAPI documents",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(schemaCheckCommand())
	return cmd
}

func schemaCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check <file>...",
		Short: "Tells what json_schema_guard makes of JSON Schemas and OpenAPI documents",
		Long: `
Loads each file as json_schema_guard does and tells what it makes of it: why it
cannot be loaded, what is not as its standard wants it, which places are masked
in records, which operations need approval, and which keywords are left to a
slower validator.

A file is an OpenAPI document if it has the key openapi or swagger, or is YAML;
else it is a JSON Schema. Nothing is fetched: references lead to files in or
below the file's own folder.

HOW says what becomes of a place: token, partial, pseudonym or drop where the
schema says so, else what the rule schema stands for in the option mask, which
is token if it is not set.
` + exitCodes("a file cannot be loaded"),
		Example: `  caddy rec schema check order.schema.json answer.schema.json
  caddy rec schema check orders.yaml
  caddy rec schema check --json orders.yaml | jq '.operations[] | select(.approval)'`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: run(func(_ *cobra.Command, con *console, args []string) error {
			return checkSchemas(con, args, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a file, one a line")
	return cmd
}

// checkSchemas tells of each file; one that cannot be loaded does not keep the
// others from being told of.
func checkSchemas(con *console, names []string, asJSON bool) error {
	broken := false
	for i, name := range names {
		report, err := checkSchema(name)
		if err != nil {
			return err
		}
		broken = broken || report.Error != ""
		if asJSON {
			err = con.json(report)
		} else {
			err = report.print(con, i > 0)
		}
		if err != nil {
			return err
		}
	}
	if broken {
		return negative("")
	}
	return nil
}
