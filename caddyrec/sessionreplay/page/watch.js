// Plays a recorded session. The key lives in a variable of this module, nowhere
// else: not in the address, not in any storage, not in the form once it is sent.

import { about, frames, Refused } from "./watch-stream.js";
import { clock, el, line, statusClass, whole } from "./watch-frame.js";

const $ = id => document.getElementById(id);
const longPause = 3e6; // microseconds: what "skip long pauses" leaves of one

const all = [];
let session = "", key = "", cursor = "", grant = null, ends = 0, stream = null;
let here = -1, playing = false, due = 0, timer = 0;

// --- the door: asking for a key

function door(title, why, fault) {
	$("door-title").textContent = title;
	$("door-why").textContent = why;
	$("door-fault").hidden = !fault;
	$("door-fault").textContent = fault || "";
	$("door").hidden = false;
	const over = !$("stage").hidden;
	$("door").classList.toggle("over-stage", over);
	$("stage").inert = over;
	$("session").readOnly = over;
	$("key").value = "";
	(over || $("session").value ? $("key") : $("session")).focus();
}

$("door").addEventListener("submit", async e => {
	e.preventDefault();
	const given = $("key").value.trim().replace(/^(Bearer|DPoP)\s+/i, "");
	$("key").value = "";
	try {
		const told = await about(given);
		const wanted = $("session").value.trim() || (told.sessions.length === 1 ? told.sessions[0] : "");
		if (!wanted) throw new Error("the key is for several sessions; say which: " + told.sessions.join(", "));
		if (!told.sessions.includes(wanted)) throw new Error("the key is not for this session; it is for " + told.sessions.join(", "));
		if (session && wanted !== session) throw new Error("the key must be for the session that is open");
		session = wanted;
		key = given;
		grant = told;
		ends = performance.now() + told.left;
	} catch (err) {
		door($("door-title").textContent, $("door-why").textContent, err.message);
		return;
	}
	if (location.hash !== "#" + session) history.replaceState(null, "", "#" + encodeURIComponent(session));
	$("session").value = session;
	$("door").hidden = true;
	$("stage").hidden = false;
	$("stage").inert = false;
	if (here < 0) play(true);
	watch();
});

// --- the stream

async function watch() {
	stream?.abort();
	const mine = stream = new AbortController();
	for (let wait = 500; stream === mine && key; wait = Math.min(2 * wait, 15000)) {
		let over = false;
		try {
			await frames(session, key, cursor, (event, data, at) => {
				if (stream !== mine) return;
				if (event === "open") { wait = 500; state("live"); }
				else if (event === "frame") { cursor = at; add(data); }
				else if (event === "key-expiring") state("the key expires soon");
				else if (event.startsWith("key-")) { over = true; lock(event.slice(4)); }
			}, mine.signal);
		} catch (err) {
			if (stream !== mine) return;
			if (err instanceof Refused && err.status !== 503 && err.status !== 429) {
				over = true;
				lock(err.reason.replace(/^key-/, ""), err.message);
			}
		}
		if (over || stream !== mine) return;
		state("reconnecting …");
		await new Promise(done => setTimeout(done, wait));
	}
}

// lock forgets the key, hides what is shown, and asks for another key.
function lock(why, fault) {
	stream?.abort();
	stream = null;
	key = "";
	$("life").hidden = true;
	play(false);
	const titles = { expired: "The key has expired", revoked: "The key was revoked", "frames-spent": "The key is used up" };
	state(titles[why]?.replace("The key ", "key ") || "closed", true);
	door(titles[why] || "Another key is needed", all.length
		? "The recording is hidden. Another key of yours for this session goes on where this one stopped."
		: "Ask for a key for this session.", fault);
}

function state(text, over) {
	$("state").textContent = text;
	$("state").classList.toggle("over", !!over);
}

setInterval(() => {
	const left = (ends - performance.now()) / 1000;
	$("life").hidden = !grant || left <= 0 || !key;
	if ($("life").hidden) return;
	const life = (Date.parse(grant.expires) - Date.parse(grant.issued)) / 1000;
	$("life-text").textContent = "key ends in " + (left >= 90 ? Math.round(left / 60) + " min" : Math.ceil(left) + " s");
	$("life-meter").value = left / life;
	$("life").classList.toggle("short", left < life / 5);
}, 500);

// --- frames

function add(f) {
	if (all.length && f.seq <= all[all.length - 1].seq) return; // it was shown before the connection broke
	f.at = all.length;
	all.push(f);
	const item = line(f);
	item.addEventListener("click", () => { play(false); go(f.at); });
	$("list").append(item);
	const last = all.length - 1;
	redraw();
	if (here === last - 1 && here >= 0 && $("follow").checked && !playing && ended) play(true);
	else if (playing && !timer) next();
}

let drawing = 0;
function redraw() {
	drawing ||= requestAnimationFrame(() => {
		drawing = 0;
		const first = all[0].at_us, span = Math.max(1, all[all.length - 1].at_us - first), track = $("track"), width = 1000;
		track.setAttribute("viewBox", `0 0 ${width} 44`);
		// Frames that would lie on each other are drawn once, the worst of them.
		const rank = f => ["damaged", "refusal"].includes(f.kind) ? 3 : (f.record?.response?.status || 0) >= 500 ? 3 : f.kind === "approval" || f.kind === "purged" ? 2 : f.kind === "exchange" ? 1 : 0;
		const slots = new Map();
		for (const f of all) {
			const x = Math.round((f.at_us - first) / span * (width - 8)) + 4;
			const slot = slots.get(x);
			if (!slot || rank(f) > rank(slot) || f.at === here) slots.set(x, f);
		}
		const ticks = [];
		for (const [x, f] of slots) {
			const tick = document.createElementNS("http://www.w3.org/2000/svg", "rect");
			const tall = f.kind === "exchange" ? 30 : f.kind === "session" ? 14 : 22;
			const own = { x: x - 2, y: 22 - tall / 2, width: 4, height: tall, rx: 1.5, class: ["tick", f.kind, statusClass(f.record?.response?.status || 0), f.at <= here ? "seen" : "", f.at === here ? "here" : ""].join(" ") };
			for (const [name, value] of Object.entries(own)) tick.setAttribute(name, value);
			tick.addEventListener("click", () => { play(false); go(f.at); });
			ticks.push(tick);
		}
		track.replaceChildren(...ticks);
		$("seek").min = first;
		$("seek").max = first + span;
		$("seek").value = all[Math.max(here, 0)].at_us;
		$("from").textContent = new Date(all[0].time).toLocaleString();
		$("to").textContent = new Date(all[all.length - 1].time).toLocaleString();
		const people = new Set(all.map(f => f.record?.identity?.sub).filter(Boolean));
		$("about").textContent = [session, [...people].join(", "), `${all.length} frames`, grant && "for: " + grant.purpose].filter(Boolean).join(" · ");
		shown();
	});
}

function shown() {
	$("clock").textContent = `${clock(here < 0 ? 0 : all[here].at_us)} / ${clock(all[all.length - 1].at_us)}`;
}

function go(n) {
	if (!all.length) return;
	here = Math.min(Math.max(n, 0), all.length - 1);
	$("list").querySelector("[aria-current]")?.removeAttribute("aria-current");
	const item = $("list").children[here];
	item.setAttribute("aria-current", "true");
	item.scrollIntoView({ block: "nearest" });
	$("frame").replaceChildren(...whole(all[here]));
	$("frame").scrollTop = 0;
	redraw();
}

// --- playing

let ended = false;

function play(on) {
	playing = on;
	clearTimeout(timer);
	timer = 0;
	$("play").textContent = on ? "❚❚" : "▶";
	if (!on) return;
	ended = false;
	due = performance.now();
	next();
}

// next waits for the frame after this one, and shows it.
function next() {
	timer = 0;
	const f = all[here + 1];
	if (!f) {
		// What comes while it is followed is shown as it comes.
		ended = true;
		if (!$("follow").checked && all.length) play(false);
		return;
	}
	let gap = here < 0 ? 0 : Math.max(0, f.at_us - all[here].at_us);
	if ($("skip").checked) gap = Math.min(gap, longPause);
	if (ended) due = performance.now(), gap = 0;
	ended = false;
	due += gap / 1000 / Number($("speed").value);
	timer = setTimeout(() => {
		go(here + 1);
		if (playing) next();
	}, Math.max(0, due - performance.now()));
}

const step = by => { play(false); go(here + by); };
const toggle = () => { if (!playing && here === all.length - 1) here = -1; play(!playing); };
$("play").addEventListener("click", toggle);
$("back").addEventListener("click", () => step(-1));
$("forth").addEventListener("click", () => step(1));
$("seek").addEventListener("input", () => { play(false); go(all.findLastIndex(f => f.at_us <= Number($("seek").value))); });
$("speed").addEventListener("change", () => playing && play(true));
$("skip").addEventListener("change", () => playing && play(true));

document.addEventListener("keydown", e => {
	if ($("stage").hidden || $("stage").inert || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT)$/.test(e.target.tagName) && e.target.type !== "range" && e.target.type !== "checkbox") return;
	const faster = by => { const s = $("speed"); s.selectedIndex = Math.min(Math.max(s.selectedIndex + by, 0), s.options.length - 1); if (playing) play(true); };
	const does = { " ": toggle, ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(-1), ArrowDown: () => step(1), Home: () => step(-all.length), End: () => step(all.length), "+": () => faster(1), "=": () => faster(1), "-": () => faster(-1) }[e.key];
	if (!does) return;
	e.preventDefault();
	does();
});

// --- the beginning

$("session").value = decodeURIComponent(location.hash.slice(1));
door($("door-title").textContent, $("door-why").textContent);
