//! Keys, signatures, sealed tokens: the CPU work behind every token.
