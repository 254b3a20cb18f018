// Runs the SQL on its stdin and prints the rows of the last statement, a JSON
// object a line. Values that JSON has no type for are strings.
import { DuckDBInstance } from '@duckdb/node-api';

let sql = '';
for await (const part of process.stdin) sql += part;

const db = await DuckDBInstance.create(':memory:', { threads: '2', autoinstall_known_extensions: 'false' });
const connection = await db.connect();
const result = await connection.runAndReadAll(sql);
for (const row of result.getRowObjectsJson()) console.log(JSON.stringify(row));
connection.closeSync();
