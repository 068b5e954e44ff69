//! Jobs over small data, run whole.

#[cfg(test)]
mod bookmarks;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod error_rows;
#[cfg(test)]
mod flights;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod held;
#[cfg(test)]
mod lakes;
#[cfg(test)]
mod multiple;
#[cfg(test)]
mod recipe;
#[cfg(test)]
mod sink;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod spark;
#[cfg(test)]
mod spilling;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transforms;
#[cfg(test)]
mod visual;
