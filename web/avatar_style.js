/** What <avatar-rtc> looks like, in its shadow. The custom properties are its pages' to set. */

const TEXT = `
  :host { display: inline-block; position: relative; inline-size: 512px; max-inline-size: 100%; aspect-ratio: 1;
    overflow: hidden; contain: content; }
  :host([hidden]) { display: none; }
  canvas, video { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; object-fit: contain;
    object-position: var(--avatar-position, 50% 100%); }
  :host([fit="cover"]) :is(canvas, video) { object-fit: cover; }
  :host([fit="fill"]) :is(canvas, video) { object-fit: fill; }
  video.hidden { inline-size: 1px; block-size: 1px; opacity: 0; pointer-events: none; }
  canvas.hidden, .poster.hidden, .foot > :is(:empty, .hidden) { display: none; }
  .poster { position: absolute; inset: 0; display: grid; place-items: center; }
  .foot { position: absolute; inset: auto 12px 12px; display: flex; flex-direction: column; align-items: center;
    gap: 8px; container-type: inline-size; font: 500 13px/1.35 system-ui, sans-serif; pointer-events: none; }
  .foot.alone { inset-block: 12px; justify-content: center; }
  .foot.alone :is(.sound, .talk) { display: none; } /* it would leap down with the first picture, from under the finger */
  .foot { max-block-size: calc(100% - 24px); }
  .badge { box-sizing: border-box; max-inline-size: min(100%, 36em); padding: .3em .8em; border-radius: 1em; color: #fff;
    background: rgb(20 22 40 / .86); overflow: auto; overflow-wrap: anywhere; text-wrap: pretty; pointer-events: auto;
    animation: appear .25s .5s backwards; }
  .badge.failed { padding: .7em 1em; border-inline-start: 5px solid #ff7350; border-radius: .5em; background: #14162a; font-size: 14px;
    user-select: text; }
  :is(canvas, video) { transition: opacity .4s; }
  .dim { opacity: .4; }
  .subtitles { position: relative; box-sizing: border-box; max-inline-size: min(100%, 32em); max-block-size: calc(4.05em + .8em);
    overflow: hidden; padding: .4em .8em; border-radius: .5em; font-size: var(--avatar-subtitles-size, clamp(15px, 1.1cqi + 10px, 40px));
    text-align: center; text-wrap: balance; overflow-wrap: anywhere; color: var(--avatar-subtitles-colour, #fff);
    background: var(--avatar-subtitles-background, rgb(20 22 40 / .86)); }
  :host(:not([subtitles])) .subtitles { display: none; }
  mark { border-radius: .2em; color: var(--avatar-word-colour, #14162a); background: var(--avatar-word-background, #ffd75e); }
  :is(.sound, .talk) { display: flex; align-items: center; gap: .6em; padding: .55em 1.1em; border: 2px solid #14162a; border-radius: 2em;
    font: 600 15px/1.2 system-ui, sans-serif; color: #14162a; background: #fff; cursor: pointer; pointer-events: auto; }
  :is(.sound, .talk):hover { background: #ffd75e; }
  :is(.sound, .talk):focus-visible { outline: 3px solid var(--avatar-focus-colour, #fff); box-shadow: 0 0 0 6px #14162a; }
  .sound::before { content: ""; inline-size: .75em; block-size: 1em; background: currentColor;
    clip-path: polygon(0 30%, 35% 30%, 100% 0, 100% 100%, 35% 70%, 0 70%); }
  .talk { --level: 0; touch-action: none; user-select: none; }
  .talk[aria-pressed="true"] { color: #fff; background: #c2361a; box-shadow: 0 0 0 calc(14px * var(--level)) rgb(194 54 26 / .5); }
  .talk::before { content: ""; inline-size: .6em; block-size: 1em; border-radius: .3em; background: currentColor; }
  .label { position: absolute; inset: var(--avatar-disclosure-inset, 8px); display: grid; container-type: size; pointer-events: none; }
  .label.hidden { display: none; }
  .disclosure { place-self: var(--avatar-disclosure-place, start); padding: .25em .7em; border: 1px solid transparent; border-radius: 1em;
    font: 600 clamp(11px, 2.4cqmin, 18px)/1.3 system-ui, sans-serif; color: #fff; background: rgb(20 22 40 / .86); }
  @keyframes appear { from { opacity: 0; } }
  @media (prefers-reduced-motion: reduce) {
    .badge { animation-duration: 0s; }
    :is(canvas, video) { transition: none; }
  }
`;

/** The sheet that all elements of a page share; null where there are no pages, as on a server that only renders them. */
export const STYLE = globalThis.CSSStyleSheet ? sheet(TEXT) : null;

function sheet(text) {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}
