export declare function ensureStandIn(say: (line: string) => void): string;
