// What a frame looks like. Everything a record holds was sent by strangers: it
// becomes text, never markup.

export function el(tag, props, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(props || {})) {
		if (name === "class") e.className = value;
		else e.setAttribute(name, value);
	}
	for (const child of children.flat()) if (child != null && child !== "") e.append(child);
	return e;
}

// clock is a time into the session: in its first minute to the millisecond.
export function clock(us) {
	const two = n => String(n).padStart(2, "0");
	if (us < 6e7) return "0:" + two(Math.floor(us / 1e6)) + "." + String(Math.floor(us / 1e3) % 1000).padStart(3, "0");
	const tenths = Math.floor(us / 1e5), s = Math.floor(tenths / 10), h = Math.floor(s / 3600);
	return (h ? h + ":" + two(Math.floor(s / 60) % 60) : Math.floor(s / 60)) + ":" + two(s % 60) + "." + tenths % 10;
}

// place is what of an address tells requests apart.
function place(url) {
	try {
		const u = new URL(url);
		return u.pathname + u.search;
	} catch {
		return url || "";
	}
}

export function statusClass(status) {
	return status >= 500 ? "s5" : status >= 400 ? "s4" : status >= 200 && status < 300 ? "s2" : "";
}

const says = {
	session: r => r.type.replace(".", " "),
	request: r => [el("b", {}, r.request.method), " ", place(r.request.url)],
	exchange: (r, f) => f.of === f.n ? [el("b", {}, r.request.method), " ", place(r.request.url)] : ["answer to ", el("b", {}, r.request.method), " ", place(r.request.url)],
	part: r => `part ${r.chunk.index} of the answer`,
	refusal: r => [el("b", {}, r.request ? r.request.method : "refused"), " ", r.request ? place(r.request.url) : "", " refused"],
	approval: r => ["approval ", el("b", {}, r.approval.decision || r.approval.state), r.approval.voter ? " by " + r.approval.voter.sub : ""],
	event: r => r.type,
	damaged: () => "a damaged record",
	purged: () => "removed by retention",
};

// line is a frame in the list.
export function line(f) {
	const r = f.record, status = r?.response?.status || r?.denial?.status;
	const inner = f.of !== undefined && f.of !== f.n;
	return el("li", { class: [f.kind, inner ? "inner" : ""].join(" "), "data-n": f.n, role: "button", tabindex: "-1" },
		el("time", { datetime: f.time }, clock(f.at_us)),
		el("span", { class: "what" }, r || !["damaged", "purged"].includes(f.kind) ? says[f.kind]?.(r, f) ?? f.kind : says[f.kind]()),
		status ? el("span", { class: "badge " + statusClass(status) }, String(status)) : f.proof === "damaged" ? el("span", { class: "badge bad" }, f.kind === "purged" ? "gone" : "!") : null);
}

// tokens takes a JSON text apart, with the pointer (RFC 6901) of each value that
// is no longer than so many letters: whoever sent the text chose its keys, and may
// have put one of half a MiB above each of its values.
function* tokens(text, longest) {
	JSON.parse(text); // what is not JSON throws here
	const token = /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*|true|false|null)|([{}[\],:]))/gy;
	const stack = [], path = [], above = [0]; // above: how long the way is to each container
	const way = () => path.length ? above[path.length - 1] + 1 + String(path[path.length - 1]).length : 0;
	let key = false;
	for (let m; token.lastIndex < text.length && (m = token.exec(text));) {
		const top = stack[stack.length - 1];
		const [, string, scalar, mark] = m;
		if (string !== undefined && key) {
			path[path.length - 1] = JSON.parse(string).replaceAll("~", "~0").replaceAll("/", "~1");
			key = false;
			yield { kind: "key", text: string, depth: stack.length };
		} else if (string !== undefined || scalar !== undefined) {
			yield { kind: string !== undefined ? "string" : "scalar", text: string ?? scalar, depth: stack.length, pointer: way() <= longest ? path.map(p => "/" + p).join("") : undefined };
		} else if (mark === "{" || mark === "[") {
			yield { kind: "open", text: mark, depth: stack.length };
			above[stack.length] = way();
			stack.push(mark);
			path.push(mark === "{" ? "" : 0);
			key = mark === "{";
		} else if (mark === "}" || mark === "]") {
			stack.pop();
			path.pop();
			key = false;
			yield { kind: "close", text: mark, depth: stack.length };
		} else if (mark === ",") {
			if (top === "{") key = true;
			else path[path.length - 1]++;
			yield { kind: "comma", text: ",", depth: stack.length };
		}
	}
}

const masked = /((?:\[|%5B)masked(?::[^[\]"% ]{1,64})?(?:\]|%5D))/;

// marked is a text with what stands in place of secrets marked.
function marked(text) {
	return text.split(masked).map((part, i) => i % 2 ? el("mark", {}, part) : part);
}

// pretty sets a body in lines; rules says by pointer what was masked.
function pretty(text, rules) {
	const out = [];
	let before = "";
	const indent = depth => "\n" + "  ".repeat(Math.min(depth, 32));
	const longest = Math.max(-1, ...[...rules.keys()].map(p => p.length));
	for (const t of tokens(text, longest)) {
		if (t.kind === "close" ? before !== "open" : before && before !== "key" && t.kind !== "comma") out.push(indent(t.depth));
		const rule = t.pointer !== undefined ? rules.get(t.pointer) : undefined;
		if (t.kind === "key") out.push(el("span", { class: "k" }, t.text), ": ");
		else if (rule !== undefined) {
			out.push(masked.test(t.text) ? marked(t.text) : el("mark", {}, t.text), el("span", { class: "rule" }, rule));
		} else if (t.kind === "scalar") out.push(el("span", { class: "n" }, t.text));
		else out.push(t.text);
		before = t.kind;
	}
	return out.flat();
}

function body(b, rules) {
	if (!b) return [];
	const about = [`${b.size} bytes`, b.type, b.encoding && `coded ${b.encoding}`].filter(Boolean).join(", ");
	const out = [];
	if (b.content !== undefined && b.content !== "") {
		let lines;
		try {
			lines = pretty(b.content, rules);
		} catch {
			lines = rules.size ? marked(b.content) : [b.content];
		}
		out.push(el("pre", { tabindex: "0" }, lines));
	}
	out.push(el("p", { class: "badge" }, about));
	if (b.omitted) out.push(el("p", { class: "badge bad" }, "not recorded: " + b.omitted));
	if (b.truncated) out.push(el("p", { class: "badge bad" }, "it went on past what was captured"));
	return out;
}

function table(headers) {
	const rows = Object.entries(headers || {});
	return rows.length ? el("table", {}, el("tbody", {}, rows.map(([name, value]) => el("tr", {}, el("td", {}, name), el("td", {}, marked(value)))))) : null;
}

const who = id => id ? id.sub + (id.iss ? ` (${id.iss})` : "") : "";
const micros = us => us >= 1e6 ? (us / 1e6).toFixed(2) + " s" : us >= 1e3 ? (us / 1e3).toFixed(1) + " ms" : us + " µs";
const proofs = {
	signed: "signed: a checkpoint of the log vouches for this record",
	unsigned: "not signed for yet: it follows the record before it",
	damaged: "damaged",
};

// whole is all that a frame shows.
export function whole(f) {
	const r = f.record;
	const facts = [];
	const fact = (name, ...value) => { if (value.some(v => v)) facts.push(el("dt", {}, name), el("dd", {}, ...value)); };
	const out = [];
	if (!r) {
		out.push(el("h2", {}, f.kind === "purged" ? "Removed by retention" : "This record is damaged"),
			el("p", { class: "warning" }, f.kind === "purged" ? f.fault : `Record ${f.seq}: ${f.fault}. What stands in its place is not shown.`));
		return out;
	}
	const rules = { request: new Map(), response: new Map() };
	for (const m of r.masked || []) rules[m.part]?.set(m.pointer, m.rule);
	const title = r.request ? `${r.request.method} ${place(r.request.url)}` : r.type;
	out.push(el("h2", {}, marked(title)));
	fact("when", new Date(f.time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }), ` (+${clock(f.at_us)})`);
	fact("what", r.type);
	fact("who", who(r.identity));
	fact("from", r.client?.ip, r.client?.user_agent ? `, ${r.client.user_agent}` : "");
	if (r.denial) fact("refused", `${r.denial.status} ${r.denial.reason}, by ${r.denial.by}`);
	if (r.approval) {
		fact("approval", r.approval.state);
		fact("asked by", who(r.approval.requester));
		if (r.approval.voter) fact("vote", `${r.approval.decision} by ${who(r.approval.voter)}`);
		fact("reason", r.approval.reason);
		for (const v of r.approval.votes || []) fact("voted", `${v.decision} by ${who(v.voter)}`);
	}
	for (const side of ["request", "response"]) {
		const v = r.schema?.[side];
		if (v) fact("schema", `${side} ${v.verdict}: ${v.id} ${v.version}`, v.faults ? ` (${v.faults.map(x => `${x.pointer || "(the whole)"} ${x.keyword}`).join(", ")})` : "");
	}
	if (r.timing) fact("took", micros(r.timing.total_us), r.timing.upstream_us ? `, upstream ${micros(r.timing.upstream_us)}` : "");
	fact("record", `${f.seq}, `, el("span", { class: "proof " + f.proof }, proofs[f.proof] || f.proof));
	out.push(el("dl", { class: "facts" }, facts));
	if (r.request) {
		out.push(el("h3", {}, "Request"), el("p", {}, marked(r.request.url || "")), table(r.request.headers), body(r.request.body, rules.request));
	}
	if (r.response) {
		const p = r.response;
		out.push(el("h3", {}, "Answer ", el("span", { class: "badge " + statusClass(p.status) }, String(p.status))));
		if (p.replaced) out.push(el("p", { class: "warning" }, `withheld (${p.withheld}): the client got ${p.replaced}`));
		if (p.error) out.push(el("p", { class: "warning" }, `not whole: ${p.error}`));
		out.push(table(p.headers), body(p.body, rules.response));
	}
	if (r.chunk) out.push(el("h3", {}, `Part ${r.chunk.index}, at byte ${r.chunk.offset}`), body(r.chunk.body, rules.response));
	if (r.masked?.length) {
		out.push(el("h3", {}, "Masked"), el("table", {}, el("tbody", {}, r.masked.map(m =>
			el("tr", {}, el("td", {}, m.part), el("td", {}, m.pointer || "(the whole)"), el("td", {}, m.rule), el("td", {}, m.count > 1 ? "×" + m.count : ""))))));
	}
	return out.flat();
}
