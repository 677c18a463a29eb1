// For the pages of tests/web/players.py: what they report goes to the test.
const tell = (report) => fetch('/tell', { method: 'POST', body: JSON.stringify(report) });
addEventListener('error', (event) => tell({ error: event.message }));
addEventListener('unhandledrejection', (event) => tell({ error: String(event.reason) }));
const begun = performance.now();
