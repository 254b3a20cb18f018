// The client of a stream of frames. EventSource cannot send a header, and a key
// must be in none but Authorization: so this is fetch, with the parts of an
// event stream that the gateway sends.

export class Refused extends Error {
	constructor(status, problem) {
		super(problem.detail || problem.title || `the gateway answered ${status}`);
		this.status = status;
		this.reason = problem.reason || "";
	}
}

async function ask(path, key, headers, signal) {
	const answer = await fetch(path, {
		headers: { Authorization: `Bearer ${key}`, ...headers },
		cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", signal,
	});
	if (!answer.ok) {
		throw new Refused(answer.status, await answer.json().catch(() => ({})));
	}
	return answer;
}

// about tells what a key stands for, and for how long, in milliseconds from now.
export async function about(key) {
	const answer = await ask("key", key, { Accept: "application/json" });
	const told = await answer.json();
	const now = Date.parse(answer.headers.get("Date")) || Date.now();
	return { ...told, left: Date.parse(told.expires) - now };
}

// frames gives each event of a session, from the cursor on, to on(event, data,
// cursor). It returns when the gateway ends the stream.
export async function frames(session, key, cursor, on, signal) {
	const headers = { Accept: "text/event-stream" };
	if (cursor) headers["Last-Event-ID"] = cursor;
	const answer = await ask(`sessions/${encodeURIComponent(session)}/frames?speed=max&live=true`, key, headers, signal);
	on("open", null, cursor);
	const lines = answer.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "", event = "message", data = [], id = "";
	for (;;) {
		const { value, done } = await lines.read();
		if (done) return;
		const parts = (rest + value).split("\n");
		rest = parts.pop();
		for (const line of parts) {
			if (line === "") {
				if (data.length) on(event, JSON.parse(data.join("\n")), id);
				event = "message"; data = []; id = "";
				continue;
			}
			const at = line.indexOf(":");
			if (at <= 0) continue; // a comment: the gateway is still there
			const field = line.slice(0, at), text = line.slice(at + 1).replace(/^ /, "");
			if (field === "event") event = text;
			else if (field === "data") data.push(text);
			else if (field === "id") id = text;
		}
	}
}
