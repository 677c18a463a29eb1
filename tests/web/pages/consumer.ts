// Checked by tsc --strict in tests/web/test_npm_package.py, and run in a page.
import { AvatarConnection, AvatarRtcElement } from 'avatar-rtc';
import type { SpeechEvent, Stats } from 'avatar-rtc';

const avatar = document.createElement('avatar-rtc');
const said: string[] = [];
avatar.addEventListener('speech', ({ detail }: CustomEvent<SpeechEvent>) => {
  if (detail.type === 'speech.subtitle') said.push(detail.text);
});
avatar.addEventListener('statechange', (event) => {
  const reason: string = event.detail.reason;
  document.title = `${event.detail.state} ${reason}`.trim();
});
avatar.addEventListener('click', (event) => event.clientX.toFixed());
avatar.addEventListener('hearing', ({ detail }) => {
  if (detail.type === 'hearing.level') document.title = detail.level.toFixed(2);
});
avatar.addEventListener('microphonechange', ({ detail: { mode, reason } }) => console.assert(mode !== 'off' || reason !== ''));
avatar.muted = true;
avatar.badge = 'always';
avatar.src = new URLSearchParams(location.search).get('src') ?? '';
document.body.append(avatar);

export async function greet(): Promise<number | null> {
  const id: string = await avatar.say('Hello', { emotion: 'joy', more: false });
  await avatar.setEmotion({ joy: 0.5 }, 1, { holdMs: 500 });
  const stats: Stats | null = await avatar.stats;
  const seconds: number = await avatar.playGesture('nod', { strength: 0.5 });
  await avatar.setActivity('thinking', { holdMs: seconds * 1_000 });
  const connection: AvatarConnection | null = avatar.connection;
  connection?.addEventListener('track', ({ detail }) => detail.stream.getTracks());
  return avatar instanceof AvatarRtcElement && id ? (stats?.width ?? null) : null;
}

/** What a compiler has to refuse; nobody calls it. */
export function wrong(): unknown {
  // @ts-expect-error: read only
  avatar.state = 'live';
  // @ts-expect-error: not one of the three
  void avatar.setMicrophone('loud');
  // @ts-expect-error: a text is wanted
  void avatar.say(7);
  // @ts-expect-error: not one of the three
  const attributes: import('avatar-rtc').AvatarRtcAttributes = { fit: 'tile' };
  return attributes;
}

Object.assign(globalThis, { avatar, said, greet });
