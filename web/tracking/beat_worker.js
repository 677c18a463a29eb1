/** The clock of beat.js. */

setInterval(() => postMessage(null), 1_000 / 60);
