# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What expat's own programs do with documents of Debian's packages, in $RUN, beside programs in ../bin.
program() {
  name=$1
  shift
  $RUN "../bin/$name" "$@" || echo "ended with $?"
}
printf '<!DOCTYPE a [<!ENTITY b SYSTEM "part.xml"><!ATTLIST a c CDATA "d">]>\n<a x="1">&b;<?p q?><!-- r --><![CDATA[<s>]]></a>\n' >whole.xml
printf '<part>text</part>' >part.xml
printf '<a><b></a>' >wrong.xml
printf '<?xml version="1.0" encoding="windows-1252"?>\n<e\351 xmlns:n="urn:n" n:a="\200"><n:i/></e\351>\n' >latin.xml
cp "$SOURCE/expat/doc/xmlwf.xml" .
mkdir out
for file in whole wrong latin xmlwf; do
  echo "-- $file"
  program xmlwf $file.xml
  for option in -t -n -x -s; do program xmlwf $option $file.xml; done
  for option in '' -x -N -m -c; do program xmlwf $option -d out $file.xml; cksum <out/$file.xml; done
  program outline <$file.xml
  program elements <$file.xml
  program benchmark $file.xml 100 2 | sed 's/: [0-9.]*$//'
  program benchmark -n $file.xml 1 1 | sed 's/: [0-9.]*$//'
done
