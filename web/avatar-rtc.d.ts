/** Types of <avatar-rtc>. What each thing does is told in docs/embed.md. */

export type ConnectionState = 'connecting' | 'live' | 'retrying' | 'closed' | 'failed';
export type FramingName = 'face' | 'bust' | 'whole';
/** Morph or cel → value. */
export type Values = Record<string, number>;
/** `[[operation, {parameter: value}], …]` */
export type Chain = [name: string, parameters?: Record<string, unknown>][];

export interface Manner {
  /** '' is the character's own. */
  voice?: string;
  /** 0.5..2 */
  speed?: number | null;
  /** A name, 'auto' to read it from the text, null for its tags alone. */
  emotion?: string | null;
  narration?: 'act' | 'skip' | 'speak' | null;
  /** More text follows by `appendSpeech`. */
  more?: boolean;
}

/** Edges as shares of width and height, 0..1. */
export interface Crop {
  enabled?: boolean;
  left?: number;
  top?: number;
  right?: number;
  bottom?: number;
}

export interface Framing {
  name: FramingName | null;
  headroom: number | null;
}

export interface Backdrop {
  name?: string | null;
  /** #rrggbb */
  colour?: string;
  fit?: 'cover' | 'contain';
  blur?: number;
  chain?: Chain | 'shared' | null;
}

export interface Pose {
  morphs?: Record<string, number>;
  /** Of ARKit or MediaPipe, each 0..1. */
  blendshapes?: Record<string, number>;
  /** Yaw, pitch, roll in degrees. */
  head?: [yaw: number, pitch: number, roll: number];
}

/** What an avatar is and was told; the whole of it is `Avatar` in the server's /openapi.json. */
export interface AvatarState {
  type: 'state';
  id: string;
  character: string;
  state: string;
  animator: string;
  fps: number;
  viewers: number;
  emotion: { weights: Record<string, number>; intensity: number };
  emotions: string[];
  default_emotion: string;
  overrides: Values;
  settings: Record<string, unknown>;
  paused: boolean;
  /** The pose it is held in; null while it lives. */
  still: Values | null;
  talking: boolean;
  data_eyes: boolean;
  crop: Crop;
  framing: Framing;
  shown: FramingName | 'crop';
  chain: Chain;
  backdrop: Backdrop;
  /** Whether pages are to say that it is AI-generated. */
  disclosure?: boolean;
  [field: string]: unknown;
}

interface Spoken<Type extends string> {
  type: Type;
  speech_id: string;
}

export type SpeechEvent =
  | Spoken<'speech.started'>
  | (Spoken<'speech.subtitle'> & { text: string })
  | (Spoken<'speech.word'> & { word: string; begin: number; end: number; duration_ms: number })
  | (Spoken<'speech.mark'> & { name: string })
  | (Spoken<'speech.finished'> & { position_ms: number; interrupted: boolean; detail?: string; notes?: string[] });

/** Null where it is not known (yet). */
export interface Stats {
  fps: number | null;
  bitrate_bps: number | null;
  round_trip_ms: number | null;
  jitter_buffer_ms: number | null;
  decode_ms: number | null;
  width: number | null;
  height: number | null;
  codec: string | null;
  packets_lost: number | null;
  frames_dropped: number | null;
}

export interface Answer {
  type: 'ok';
  id: string | number;
  [field: string]: unknown;
}

export interface Pong extends Answer {
  round_trip_ms: number;
  t_ms: number;
}

export interface StateChange {
  state: ConnectionState;
  reason: string;
}

export interface AvatarConnectionEventMap {
  statechange: CustomEvent<StateChange>;
  track: CustomEvent<{ stream: MediaStream }>;
  message: CustomEvent<AvatarState | SpeechEvent | { type: string; [field: string]: unknown }>;
  refusal: CustomEvent<{ detail: string }>;
}

/** A connection without an element: the stream is given by the event `track`. */
export class AvatarConnection extends EventTarget {
  constructor(url: string | URL, options?: { video?: 'alpha' | 'matte'; token?: string; microphone?: MediaStream | null });
  readonly state: ConnectionState;
  readonly reason: string;
  readonly hasBeenLive: boolean;
  connect(): void;
  close(): void;
  send(message: { type: string; [field: string]: unknown }): Promise<Answer>;
  renew(token: string): Promise<boolean>;
  sendCue(t_ms: number, visemes: Record<string, number>): boolean;
  sendPose(t_ms: number, pose: Pose): boolean;
  stats(): Promise<Stats | null>;
  addEventListener<Type extends keyof AvatarConnectionEventMap>(
    type: Type,
    listener: (this: AvatarConnection, event: AvatarConnectionEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof AvatarConnectionEventMap>(
    type: Type,
    listener: (this: AvatarConnection, event: AvatarConnectionEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions,
  ): void;
}

export interface AvatarRtcEventMap {
  statechange: CustomEvent<StateChange>;
  avatarstate: CustomEvent<AvatarState>;
  speech: CustomEvent<SpeechEvent>;
  refusal: CustomEvent<{ detail: string }>;
  frame: CustomEvent<Partial<VideoFrameCallbackMetadata>>;
  volumechange: CustomEvent<null>;
}

/** As they stand in HTML. */
export interface AvatarRtcAttributes {
  src?: string;
  token?: string;
  muted?: boolean;
  subtitles?: boolean;
  fit?: 'contain' | 'cover' | 'fill';
  framing?: FramingName | '';
  headroom?: number | string;
  badge?: 'auto' | 'always' | 'none';
  layout?: 'alpha' | 'matte';
}

export class AvatarCommands extends HTMLElement {
  setEmotion(
    emotion: string | Record<string, number>, intensity?: number, how?: { holdMs?: number | null },
  ): Promise<Answer>;
  setOverrides(values: Values): Promise<Values>;
  patchOverrides(values: Record<string, number | null>): Promise<Values>;
  setSettings(values: Record<string, unknown>): Promise<Record<string, unknown>>;
  patchSettings(values: Record<string, unknown>): Promise<Record<string, unknown>>;
  setGaze(target: 'viewer' | 'away' | { x: number; y: number } | null): Promise<Answer>;
  setTalking(on: boolean): Promise<Answer>;
  setPaused(on: boolean): Promise<Answer>;
  /** Hold exactly this pose, and nothing else moves; null lets it live on. */
  setStill(values: Values | null): Promise<Values | null>;
  setDataEyes(on: boolean): Promise<Answer>;
  setFraming(name: FramingName | null, how?: { headroom?: number | null }): Promise<Framing>;
  setCrop(crop: Crop): Promise<Crop>;
  setChain(chain: Chain): Promise<Answer>;
  setBackdrop(backdrop: Backdrop): Promise<Answer>;
  say(text: string, manner?: Manner): Promise<string>;
  appendSpeech(speechId: string, text: string, how?: { more?: boolean }): Promise<Answer>;
  stopSpeaking(speechId?: string | null): Promise<Answer>;
  sendCue(t_ms: number, visemes: Record<string, number>): boolean;
  sendPose(pose: Pose, tMs?: number): boolean;
  ping(): Promise<Pong>;
}

export class AvatarRtcElement extends AvatarCommands {
  static readonly observedAttributes: (keyof AvatarRtcAttributes)[];
  src: string;
  token: string;
  muted: boolean;
  subtitles: boolean;
  fit: string;
  framing: string;
  headroom: string;
  badge: string;
  volume: number;
  readonly connection: AvatarConnection | null;
  readonly state: ConnectionState;
  readonly avatarState: AvatarState | null;
  readonly speaking: boolean;
  readonly renderer: 'webgl' | '2d' | 'video';
  layout: 'alpha' | 'matte';
  microphone: MediaStream | null;
  readonly stats: Promise<Stats | null>;
  close(): void;
  addEventListener<Type extends keyof AvatarRtcEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: AvatarRtcEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Type extends keyof HTMLElementEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: HTMLElementEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof AvatarRtcEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: AvatarRtcEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof HTMLElementEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: HTMLElementEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'avatar-rtc': AvatarRtcElement;
  }
}
