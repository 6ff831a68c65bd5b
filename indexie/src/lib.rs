//! indexie
